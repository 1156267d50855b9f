/* SPDX-License-Identifier: MIT */
/* AddressSanitizer: heap-use-after-free. The error path frees the object, and then writes to it. */
#include <stdlib.h>

struct object {
  int state;
  char *name;
};

static __attribute__((noinline)) int planted(struct object *object) {
  object->name = malloc(16); /* fault */
  if (object->name == NULL) {
#ifdef MENDED
    object->state = 1;
    free(object);
#else
    free(object);
    object->state = 1; /* blow-up */
#endif
    return -1;
  }
  return 0;
}

int main(void) {
  struct object *object = calloc(1, sizeof *object);
  if (object == NULL || planted(object) != 0) return 1;
  free(object->name);
  free(object);
  return 0;
}
