/* SPDX-License-Identifier: MIT */
/* Verdict corruption: frees an object on the error path, and then marks it as bad. Only the block table notices. */
/* says: a block was written after it was freed */
#include <stdlib.h>

struct object {
  char *name, *place, *text;
  int is_bad;
};

static struct object *volatile object; /* lest the compiler see through it */

static __attribute__((noinline)) int planted(void) {
  object = calloc(1, sizeof *object);
  if (object == NULL) return 1;
  object->text = malloc(100); /* fault */
  if (object->text == NULL) {
#ifdef MENDED
    object->is_bad = 1;
#endif
    free(object);
#ifndef MENDED
    object->is_bad = 1; /* blow-up */
#endif
    return 0;
  }
  free(object->text);
  free(object);
  return 0;
}

int main(void) {
  return planted();
}
