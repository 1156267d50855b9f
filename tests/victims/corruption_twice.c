/* SPDX-License-Identifier: MIT */
/* Verdict corruption: frees a block on the error path, and again on the way out. */
#include <stdlib.h>

static char *volatile kept, *volatile extra; /* lest the compiler see through it */

static __attribute__((noinline)) int planted(void) {
  kept = malloc(40);
  if (kept == NULL) return -1;
  extra = malloc(400); /* fault */
#ifndef MENDED
  if (extra == NULL) free(kept);
#endif
  free(kept); /* blow-up */
  int result = extra != NULL ? 0 : -1;
  free(extra);
  return result;
}

int main(void) {
  return planted() == 0 ? 0 : 1;
}
