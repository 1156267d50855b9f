/* SPDX-License-Identifier: MIT */
/* Verdict abort: ends the whole process where it could have returned an error. */
#include <stdlib.h>

static __attribute__((noinline)) void *planted(size_t size) {
  void *block = malloc(size); /* fault */
#ifndef MENDED
  if (block == NULL) abort(); /* blow-up */
#endif
  return block;
}

int main(void) {
  void *block = planted(100);
  int is_there = block != NULL;
  free(block);
  return is_there ? 0 : 1;
}
