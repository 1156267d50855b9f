/* SPDX-License-Identifier: MIT */
/* The failure is reported by two functions, of which the outer one is a mere jump with optimisation, and the last to
 * hear of it does not look: to blame is the call that ignores it, not the one that failed. As nobody looks, the
 * compiler has both return nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

struct name {
  char *text;
  size_t length;
};

struct object {
  int kind;
  struct name name;
};

NOINLINE static int name_init(struct name *name, const char *text) {
  name->text = malloc(strlen(text) + 1);
  if (name->text == NULL) return -1;
  strcpy(name->text, text);
  name->length = strlen(text);
  return 0;
}

#ifdef __clang__ /* makes no jump of it without -O2 */
#define object_init(object, text) name_init(&(object)->name, text)
#else
NOINLINE static int object_init(struct object *object, const char *text) {
  object->kind = 1;
  return name_init(&object->name, text);
}
#endif

NOINLINE static int first_letter(const struct object *object) {
  return object->name.text[0];
}

int main(int argc, char **argv) {
  struct object *object = calloc(1, sizeof *object);
  if (object == NULL) return 1;
#ifdef MENDED
  if (object_init(object, argv[argc - 1]) != 0) {
    free(object);
    return 1;
  }
#else
  object_init(object, argv[argc - 1]); /* unchecked */
#endif
  printf("%d\n", first_letter(object));
  free(object->name.text);
  free(object);
  return 0;
}
