/* SPDX-License-Identifier: MIT */
/* Verdict corruption: two clean-ups free the same block, and so many others of its size that the C library does not
 * notice. */
/* says: a block was freed twice */
#include <stdlib.h>

#define COUNT 10

static char *volatile item[COUNT]; /* lest the compiler see through it */
static char *volatile last;

static __attribute__((noinline)) int planted(void) {
  for (int i = 0; i < COUNT; i++) item[i] = malloc(40);
  last = item[7];
  char *volatile extra = malloc(400); /* fault */
  for (int i = 0; i < COUNT; i++) {
#ifdef MENDED
    if (extra == NULL && i == 7) continue;
#endif
    free(item[i]);
  }
  if (extra == NULL) free(last); /* blow-up */
  free(extra);
  return 0;
}

int main(void) {
  return planted();
}
