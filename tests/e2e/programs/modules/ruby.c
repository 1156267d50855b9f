/* SPDX-License-Identifier: MIT */
/* A module for Ruby; with BUG it does not check what it allocates. */
#include <ruby.h>
#include <stdlib.h>
#include <string.h>

static VALUE twice(VALUE self, VALUE text) {
  size_t bytes = (size_t)RSTRING_LEN(text);
  char *buffer = malloc(2 * bytes); /* unchecked */
  (void)self;
#ifndef BUG
  if (buffer == NULL) rb_memerror();
#endif
  memcpy(buffer, RSTRING_PTR(text), bytes);
  memcpy(buffer + bytes, RSTRING_PTR(text), bytes);
  VALUE result = rb_str_new(buffer, (long)(2 * bytes));
  free(buffer);
  return result;
}

void Init_shapes(void) {
  rb_define_global_function("twice", twice, 1);
}
