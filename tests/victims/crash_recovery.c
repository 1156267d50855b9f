/* SPDX-License-Identifier: MIT */
/* Verdict crash when a second call fails, on the way out of the first one's failure: a smaller buffer is tried, and
 * trusted. Where all later calls fail, too, it does not come so far: to note the failure takes memory first. */
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
