/* SPDX-License-Identifier: MIT */
/* A library that is handed objects, and loses them when it has no memory; with -DMENDED it does not. */
#include "handed_over.h"

#include <stdlib.h>
#include <string.h>

struct value {
  char *text;
};

struct entry {
  char *key;
  struct value *value;
  struct entry *next;
};

struct object {
  struct entry *first;
  void **notes;
  unsigned long note_count;
};

struct uri {
  char *scheme, *path;
};

struct value *value_new(const char *text) {
  struct value *value = malloc(sizeof *value);
  if (value == NULL) return NULL;
  value->text = strdup(text);
  if (value->text != NULL) return value;
  free(value);
  return NULL;
}

void value_free(struct value *value) {
  if (value == NULL) return;
  free(value->text);
  free(value);
}

struct object *object_new(void) {
  return calloc(1, sizeof(struct object));
}

int object_set_new(struct object *object, const char *key, struct value *value) {
  if (value == NULL) return -1;
  struct entry *entry = malloc(sizeof *entry);
  if (entry == NULL) {
#ifdef MENDED
    value_free(value);
#endif
    return -1;
  }
  entry->key = strdup(key);
  if (entry->key == NULL) {
    value_free(value);
    free(entry);
    return -1;
  }
  entry->value = value;
  entry->next = object->first;
  object->first = entry;
  return 0;
}

void *object_malloc(unsigned long size) {
  return malloc(size);
}

int object_note(struct object *object, void *note) {
  void **notes = realloc(object->notes, (object->note_count + 1) * sizeof *notes);
  if (notes == NULL) return -1;
  object->notes = notes;
  object->notes[object->note_count++] = note;
  return 0;
}

int object_touch(struct object *object) {
  char *note = malloc(40);
  if (note == NULL) return -1;
  note[0] = object->first != NULL;
  free(note);
  return 0;
}

void object_free(struct object *object) {
  if (object == NULL) return;
  for (struct entry *entry = object->first, *next; entry != NULL; entry = next) {
    next = entry->next;
    free(entry->key);
    value_free(entry->value);
    free(entry);
  }
  while (object->note_count > 0) free(object->notes[--object->note_count]);
  free(object->notes);
  free(object);
}

struct uri *uri_parse(const char *text) {
  const char *colon = strchr(text, ':');
  struct uri *uri = calloc(1, sizeof *uri);
  if (uri == NULL) return NULL;
  uri->scheme = strndup(text, (size_t)(colon - text));
  uri->path = strdup(colon + 1);
  if (uri->scheme != NULL && uri->path != NULL) return uri;
  uri_free(uri);
  return NULL;
}

int uri_normalise(struct uri *uri) {
  char *old = uri->path, *fresh = malloc(strlen(old) + 2);
#ifndef MENDED
  uri->path = NULL;
#endif
  if (fresh == NULL) return -1;
  fresh[0] = '/';
  strcpy(fresh + 1, old);
  free(old);
  uri->path = fresh;
  return 0;
}

void uri_free(struct uri *uri) {
  if (uri == NULL) return;
  free(uri->scheme);
  free(uri->path);
  free(uri);
}

int place_parse(struct place *place, const char *text) {
  place->uri = uri_parse(text);
  return place->uri != NULL ? 0 : -1;
}

int place_normalise(struct place *place) {
  return uri_normalise(place->uri);
}

void place_clear(struct place *place) {
  uri_free(place->uri);
}
