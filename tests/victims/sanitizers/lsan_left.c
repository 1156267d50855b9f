/* SPDX-License-Identifier: MIT */
/* LeakSanitizer: detected memory leaks. Half of what was allocated leaks, and the program goes on to its end. */
#include <stdlib.h>

static void *volatile halves[2];

static __attribute__((noinline)) void planted(void) {
  halves[0] = malloc(100); /* blow-up */
  halves[1] = malloc(200); /* fault */
#ifndef MENDED
  if (halves[1] == NULL) {
    halves[0] = NULL;
    return;
  }
#endif
  free(halves[0]);
  free(halves[1]);
}

int main(void) {
  planted();
  return 0;
}
