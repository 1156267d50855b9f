/* SPDX-License-Identifier: MIT */
/* A vector that counts on memory which it did not get: the first time it has no block yet, the second time a small one.
 * With MENDED it is right. */
#include <stdio.h>
#include <stdlib.h>

struct vector {
  long *items;
  size_t count, room;
};

static int grow(struct vector *vector) {
  size_t room = vector->room + 4;
#ifndef MENDED
  vector->room = room; /* the bug: too early */
#endif
  long *items = realloc(vector->items, room * sizeof *items);
  if (items == NULL) return -1;
  vector->items = items;
  vector->room = room;
  return 0;
}

static int push(struct vector *vector, long item) {
  if (vector->count == vector->room && grow(vector) != 0) return -1;
  vector->items[vector->count++] = item; /* it blows up here */
  return 0;
}

int main(void) {
  struct vector vector = {0};
  int missing = 0;
  for (int i = 0; i < 6; i++)
    if (push(&vector, i) != 0) missing++; /* may come with the next one */
  if (missing > 0) fprintf(stderr, "%d missing\n", missing);
  printf("%d\n", (int)vector.count + missing);
  free(vector.items);
  return 0;
}
