/* SPDX-License-Identifier: MIT */
/* MemorySanitizer: use-of-uninitialized-value. The caller is not notified of the failure, and reads what was not
 * set. */
#include <stdlib.h>

static __attribute__((noinline)) void fill(int *value) {
  int *from = malloc(sizeof *from); /* fault */
#ifdef MENDED
  *value = 0;
#endif
  if (from == NULL) return;
  *from = 0;
  *value = *from;
  free(from);
}

static __attribute__((noinline)) int planted(void) {
  int value;
  fill(&value);
  if (value != 0) return 1; /* blow-up */
  return 0;
}

int main(void) {
  return planted();
}
