/* SPDX-License-Identifier: MIT */
#include "shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef MENDED
#define IF_MENDED(statement) statement
#else
#define IF_MENDED(statement)
#endif

struct shelf *shelf_new(void) {
  return calloc(1, sizeof(struct shelf));
}

void shelf_free(struct shelf *shelf) {
  if (shelf == NULL) return;
  free(shelf->label);
  free(shelf->items);
  free(shelf);
}

int shelf_set_label(struct shelf *shelf, const char *label) {
  char *copy = malloc(strlen(label) + 1);
  IF_MENDED(if (copy == NULL) return -1;)
  strcpy(copy, label); /* label */
  free(shelf->label);
  shelf->label = copy;
  return 0;
}

int shelf_add(struct shelf *shelf, int item) {
  int *items = realloc(shelf->items, (shelf->count + 1) * sizeof *items);
  IF_MENDED(if (items == NULL) return -1;)
  shelf->items = items;
  shelf->items[shelf->count++] = item; /* add */
  return 0;
}

char *shelf_describe(const struct shelf *shelf) {
  char *line = malloc(64), *whole;
  if (line == NULL) return NULL;
  snprintf(line, 64, "%zu items", shelf->count);
  whole = malloc(strlen(line) + 16);
  if (whole == NULL) {
    IF_MENDED(free(line);)
    return NULL; /* describe */
  }
  sprintf(whole, "a shelf: %s", line);
  free(line);
  return whole;
}

int shelf_clear(struct shelf *shelf) {
  int *empty = malloc(sizeof *empty);
  if (empty == NULL) return -1;
  free(shelf->items);
  shelf->items = empty;
  shelf->count = 0;
  return 0;
}
