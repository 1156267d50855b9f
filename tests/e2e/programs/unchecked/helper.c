/* SPDX-License-Identifier: MIT */
/* It is a small helper that follows the NULL; who reads the report knows the function that it is inlined into. */
/* heading: crash in set_name */
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

struct object {
  long count;
};

static inline __attribute__((always_inline)) void drop(struct object *object) {
  if (--object->count == 0) free(object);
}

NOINLINE static struct object *make(void) {
  struct object *object = malloc(sizeof *object);
  if (object != NULL) object->count = 1;
  return object;
}

NOINLINE static int set_name(void) {
  struct object *name = make(); /* unchecked */
#ifdef MENDED
  if (name == NULL) return 1;
#endif
  drop(name);
  return 0;
}

int main(void) {
  return set_name();
}
