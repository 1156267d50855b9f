/* SPDX-License-Identifier: MIT */
/* Verdict swallowed: prints what it could read, and goes on as if that were all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int planted(const char *line) {
  char *copy = malloc(strlen(line) + 1); /* fault */
#ifdef MENDED
  if (copy == NULL) {
    fputs("out of memory\n", stderr);
    return -1;
  }
#endif
  if (copy == NULL) return 0; /* blow-up */
  strcpy(copy, line);
  puts(copy);
  free(copy);
  return 0;
}

int main(void) {
  static const char *const lines[] = {"first", "second", "third"};
  static char buffer[4096];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  int failed = 0;
  puts("lines:"); /* written in any case: where nothing is left, that is another verdict */
  for (unsigned i = 0; i < 3; i++) failed += planted(lines[i]) != 0;
  return 0 & failed;
}
