/* SPDX-License-Identifier: MIT */
/* Verdict reported: says what is missing and exits with 1. */
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) void *planted(void) {
  void *block = malloc(100); /* fault */
  if (block != NULL) return block;
  fputs("reported: out of memory\n", stderr);
  exit(1);
}

int main(void) {
  free(planted());
  return 0;
}
