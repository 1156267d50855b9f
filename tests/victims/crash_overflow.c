/* SPDX-License-Identifier: MIT */
/* Verdict crash, for a persistent fault only: recovers by calling itself until the stack is used up. */
#include <stdlib.h>

static __attribute__((noinline)) void *planted(int tries) {
  void *block = malloc(100); /* fault */
  if (block != NULL) return block;
#ifdef MENDED
  if (tries == 3) return NULL;
#endif
  volatile int kept = tries;
  block = planted(tries + 1); /* blow-up */ /* says: , a stack overflow */
  kept = kept + 1;
  return block;
}

int main(void) {
  void *block = planted(0);
  int is_there = block != NULL;
  free(block);
  return is_there ? 0 : 1;
}
