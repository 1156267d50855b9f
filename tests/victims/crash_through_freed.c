/* SPDX-License-Identifier: MIT */
/* Verdict crash: frees an object on the error path, and later what is found in it, which the C library has written
 * there. It is the injector that is given the bad pointer, but it is not shown. */
/* says: use after free, 2 runs */
#include <stdlib.h>

struct key {
  void *bytes;
  size_t length;
};

static struct key *volatile key; /* lest the compiler see through it */

static __attribute__((noinline)) int planted(void) {
  free(malloc(32)); /* the freed object has a neighbour in the C library's list */
  key = malloc(sizeof *key + 16);
  if (key == NULL) return 1;
  key->bytes = malloc(32); /* fault */
  if (key->bytes == NULL) {
    free(key);
#ifdef MENDED
    return 1;
#endif
  }
  free(key->bytes); /* blow-up */
  free(key);
  return 0;
}

int main(void) {
  return planted();
}
