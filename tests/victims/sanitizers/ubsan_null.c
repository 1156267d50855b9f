/* SPDX-License-Identifier: MIT */
/* UndefinedBehaviorSanitizer: member access within null pointer of type 'struct pair'. No crash: only the address of a
 * member is taken. */
#include <stdlib.h>

struct pair {
  int first, second;
};

static int *volatile kept;

static __attribute__((noinline)) struct pair *planted(void) {
  struct pair *pair = malloc(sizeof *pair); /* fault */
#ifdef MENDED
  if (pair == NULL) return NULL;
#endif
  kept = &pair->second; /* blow-up */
  return pair;
}

int main(void) {
  struct pair *pair = planted();
  if (pair == NULL) return 1;
  *kept = 0;
  free(pair);
  return 0;
}
