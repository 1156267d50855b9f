/* SPDX-License-Identifier: MIT */
/* Verdict mute: has no memory for its list, and ends as if the list were empty. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *planted(const char *line) {
  char *copy = malloc(strlen(line) + 1); /* fault */
  if (copy == NULL) return NULL;         /* blow-up */
  return strcpy(copy, line);
}

int main(void) {
  static char buffer[4096];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  char *list = planted("first, second, third"); /* says: without the fault it is 'first, second, third' */
  if (list != NULL) puts(list);
#ifdef MENDED
  if (list == NULL) {
    fputs("out of memory\n", stderr);
    return 1;
  }
#endif
  free(list);
  return 0;
}
