/* SPDX-License-Identifier: MIT */
/* A program that is no test, and whose main() uses handed_over.c: what it hands over at once it cannot free. With KEEPS
 * it has the value in a variable when a call fails, and leaves it to the kernel. With PLACE it has what was parsed in
 * an object of its own, of which a call loses a part. */
#include <stdio.h>

#include "handed_over.h"

int main(void) {
  int status = 0;
#ifdef PLACE
  struct place place;
  if (place_parse(&place, "http:x/y") != 0) return 1;
  if (place_normalise(&place) != 0) status = 1;
  place_clear(&place);
  return status;
#else
  struct object *object = object_new();
  if (object == NULL) return 1;
#ifdef KEEPS
  struct value *value = value_new("text");
  if (value == NULL || object_touch(object) != 0) return 1;
  value_free(value);
#else
  if (object_set_new(object, "key", value_new("text")) != 0) status = 1;
#endif
  object_free(object);
  return status;
#endif
}
