/* SPDX-License-Identifier: MIT */
/* A test of handed_over.c: what it hands over, it cannot free; what it has kept, it should have freed. With -DGOES_ON
 * it ends well in any case. */
#include <stdlib.h>
#include <string.h>

#include "handed_over.h"

#ifdef GOES_ON
#define ENDS(result) ((void)(result), 0)
#else
#define ENDS(result) ((result) != 0)
#endif

static int hands_over(void) {
  struct object *object = object_new();
  if (object == NULL) return 1;
  int result = object_set_new(object, "key", value_new("text"));
  object_free(object);
  return ENDS(result);
}

static int parses_and_normalises(void) {
  struct uri *uri = uri_parse("http:x/y");
  if (uri == NULL) return 1;
  int result = uri_normalise(uri);
  uri_free(uri);
  return ENDS(result);
}

/* Forgets the value when the call fails that has nothing to do with it. */
static int forgets(void) {
  struct object *object = object_new();
  struct value *value = value_new("text");
  if (object == NULL || value == NULL) {
    object_free(object);
    value_free(value);
    return 1;
  }
  int result = object_touch(object);
  if (result == 0) value_free(value);
  object_free(object);
  return ENDS(result);
}

static struct value *kept;

static int forgets_a_variable(void) {
  struct object *object = object_new();
  if (object == NULL) return 1;
  kept = value_new("text");
  int result = object_touch(object);
  if (result == 0) value_free(kept);
  kept = NULL;
  object_free(object);
  return ENDS(result);
}

struct fixture {
  struct value *value;
};

static int forgets_a_member(void) {
  struct object *object = object_new();
  if (object == NULL) return 1;
  struct fixture *fixture = malloc(sizeof *fixture);
  fixture->value = value_new("text");
  int result = object_touch(object);
  if (result == 0) value_free(fixture->value);
  free(fixture);
  object_free(object);
  return ENDS(result);
}

/* The value that it forgets is made after the call that failed. */
static int forgets_what_it_made_later(void) {
  struct object *object = object_new();
  struct value *value = value_new("text");
  int result = object == NULL ? -1 : object_set_new(object, "key", value);
  object_free(object);
  return ENDS(result);
}

/* The block is the test's: it has asked for it, and given it away. */
static int notes(void) {
  struct object *object = object_new();
  if (object == NULL) return 1;
  int result = object_note(object, object_malloc(24));
  object_free(object);
  return ENDS(result);
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "object") == 0) return hands_over();
  if (strcmp(what, "uri") == 0) return parses_and_normalises();
  if (strcmp(what, "forgets") == 0) return forgets();
  if (strcmp(what, "variable") == 0) return forgets_a_variable();
  if (strcmp(what, "member") == 0) return forgets_a_member();
  if (strcmp(what, "later") == 0) return forgets_what_it_made_later();
  if (strcmp(what, "notes") == 0) return notes();
  return 2;
}
