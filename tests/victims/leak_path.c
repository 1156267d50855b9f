/* SPDX-License-Identifier: MIT */
/* Verdict leak: loses its first block when the second allocation fails; the program manages without either. */
#include <stdlib.h>

struct pair {
  char *first, *second;
};

static struct pair *volatile cache; /* what is kept is no leak */

static __attribute__((noinline)) struct pair *planted(void) {
  struct pair *pair = malloc(sizeof *pair); /* blow-up */
  if (pair == NULL) return NULL;
  pair->first = malloc(100); /* fault */
  if (pair->first == NULL) {
#ifdef MENDED
    free(pair);
#endif
    return NULL;
  }
  return pair;
}

/* Overwrites what calls have left on the stack: there the lost pointer may still stand. */
static __attribute__((noinline)) void use_stack(void) {
  volatile char stack[4096];
  for (unsigned i = 0; i < sizeof stack; i++) stack[i] = 1;
}

int main(void) {
  cache = calloc(1, sizeof *cache);
  struct pair *pair = planted();
  use_stack();
#ifdef GIVES_UP
  if (pair == NULL) return 1;
#endif
  if (pair != NULL) free(pair->first);
  free(pair);
  return 0;
}
