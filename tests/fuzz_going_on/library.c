/* SPDX-License-Identifier: MIT */
/* A library under test. -DBUG_ADD, -DBUG_NAME: it does not check a call. -DBUG_FORGET: it crashes when it is asked to
 * clean up after a failure that it has reported. */
#include "library.h"

#include <stdlib.h>
#include <string.h>

struct collector {
  size_t size;
  uint8_t *bytes;
};

static char *note; /* of the last collector */

struct collector *collector_new(void) {
  struct collector *collector = calloc(1, sizeof *collector);
  if (collector == NULL) return NULL;
  note = malloc(8);
  if (note == NULL) {
    free(collector);
    return NULL;
  }
  return collector;
}

int collector_add(struct collector *collector, const uint8_t *data, size_t size) {
  size_t before = collector->size;
  uint8_t *bytes = realloc(collector->bytes, before + size + 1);
#ifndef BUG_ADD
  if (bytes == NULL) return -1;
#endif
  memcpy(bytes + before, data, size);
  collector->bytes = bytes;
  collector->size += size;
  return 0;
}

char *collector_name(const struct collector *collector) {
  char *name = malloc(24);
#ifndef BUG_NAME
  if (name == NULL) return NULL;
#endif
  memset(name, 'a' + (int)(collector->size % 26), 23);
  name[23] = '\0';
  return name;
}

void collector_delete(struct collector *collector) {
  if (collector == NULL) return;
  free(collector->bytes);
  free(collector);
}

void collector_forget(void) {
#ifdef BUG_FORGET
  note[0] = '\0';
#else
  if (note != NULL) note[0] = '\0';
#endif
  free(note);
  note = NULL;
}
