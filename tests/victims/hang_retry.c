/* SPDX-License-Identifier: MIT */
/* Verdict hang, for a persistent fault only: tries again for ever. */
#include <sched.h>
#include <stdlib.h>

#ifdef MENDED
#define TRIES 3
#else
#define TRIES 0
#endif

static __attribute__((noinline)) void *planted(void) {
  void *block;
  int tries = 0;
  while ((block = malloc(100)) == NULL) { /* fault */
    if (++tries == TRIES) return NULL;
    sched_yield(); /* blow-up */ /* says: still running, busy: it used the processor for */
  }
  return block;
}

int main(void) {
  void *block = planted();
  int is_there = block != NULL;
  free(block);
  return is_there ? 0 : 1;
}
