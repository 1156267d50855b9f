/* SPDX-License-Identifier: MIT */
/* Verdict crash when a second call fails, while it recovers from the first failure: it tries a smaller buffer, and
 * does not check that. Where all later calls fail, too, it does not get that far: noting the failure takes memory
 * first. */
#include <stdlib.h>

static __attribute__((noinline)) void note(void) {
  volatile char *text = malloc(10);
  if (text == NULL) exit(1);
  text[0] = 'x';
  free((char *)text);
}

static __attribute__((noinline)) void planted(void) {
  volatile char *buffer = malloc(1000); /* fault */
  if (buffer == NULL) {
    note();
    buffer = malloc(100); /* second fault */
#ifdef MENDED
    if (buffer == NULL) exit(1);
#endif
  }
  buffer[0] = 'x'; /* blow-up */
  free((char *)buffer);
}

int main(void) {
  planted();
  return 0;
}
