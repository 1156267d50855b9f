/* SPDX-License-Identifier: MIT */
/* Verdict crash, not hang: a child dies, and the program waits for ever for what the child was to write. */
#include <stdlib.h>
#include <unistd.h>

static __attribute__((noinline)) void planted(void) {
  volatile char *text = malloc(100); /* fault */
#ifdef MENDED
  if (text == NULL) return;
#endif
  text[0] = 'x'; /* blow-up */
  free((char *)text);
}

int main(void) {
  int ends[2];
  char byte;
  if (pipe(ends) != 0) return 1;
  if (fork() == 0) {
    planted();
    _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
  }
  return read(ends[0], &byte, 1) == 1 ? 0 : 1;
}
