/* SPDX-License-Identifier: MIT */
/* Verdict crash: frees an object on the error path, and reads a pointer in it, which is still there unless somebody
 * else has the memory by then: only a guarded block shows that. */
/* says: a block was read after it was freed */
#include <stdlib.h>

struct object {
  char *name, *place;
  volatile int *count;
};

static struct object *volatile object; /* lest the compiler see through it */
static volatile int users;

static __attribute__((noinline)) int planted(void) {
  object = calloc(1, sizeof *object);
  if (object == NULL) return 1;
  object->count = &users;
  char *volatile text = malloc(100); /* fault */
#ifdef MENDED
  *object->count += 1;
  if (text == NULL) free(object);
#else
  if (text == NULL) free(object);
  *object->count += 1; /* blow-up */
#endif
  if (text != NULL) free(object);
  free(text);
  return 0;
}

int main(void) {
  return planted();
}
