/* SPDX-License-Identifier: MIT */
/* AddressSanitizer: attempting double-free. The callee frees what its caller frees, too. */
#include <stdlib.h>

static __attribute__((noinline)) char *planted(char *block) {
  char *larger = realloc(block, 1000); /* fault */
#ifndef MENDED
  if (larger == NULL) free(block);
#endif
  if (larger == NULL) free(block); /* blow-up */
  return larger;
}

int main(void) {
  char *block = malloc(10);
  if (block == NULL) return 1;
  block = planted(block);
  if (block == NULL) return 1;
  free(block);
  return 0;
}
