/* SPDX-License-Identifier: MIT */
/* See handed_over.c. Numbers are 0, or -1: there is no memory. */
struct value;
struct object;
struct uri;

struct value *value_new(const char *text);
void value_free(struct value *value);

struct object *object_new(void);
/* Takes the value over, whether it fails or not. */
int object_set_new(struct object *object, const char *key, struct value *value);
/* Takes the note over, unless it fails. */
int object_note(struct object *object, void *note);
void *object_malloc(unsigned long size);
int object_touch(struct object *object);
void object_free(struct object *object);

struct uri *uri_parse(const char *text);
int uri_normalise(struct uri *uri);
void uri_free(struct uri *uri);

/* An object of the caller's that has a URI. */
struct place {
  struct uri *uri;
};
int place_parse(struct place *place, const char *text);
int place_normalise(struct place *place);
void place_clear(struct place *place);
