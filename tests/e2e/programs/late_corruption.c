/* SPDX-License-Identifier: MIT */
/* A table that counts on room that it did not get, and writes past its end; the C library notices that later, when
 * others ask it for memory, in one place or another. With MENDED it does not.
 */
#include <stdio.h>
#include <stdlib.h>

struct table {
  long *cells;
  size_t size;
};

static int grow(struct table *table) {
  size_t size = 2 * table->size;
#ifndef MENDED
  table->size = size;
#endif
  long *cells = calloc(size, sizeof *cells);
  if (cells == NULL) return -1;
  for (size_t i = 0; i < 8; i++) cells[i] = table->cells[i];
  free(table->cells);
  table->cells = cells;
  table->size = size;
  return 0;
}

__attribute__((noinline)) static int put(struct table *table, size_t at, long value) {
  if (at >= table->size) return -1;
  table->cells[at] = value; /* written */
  return 0;
}

/* Has room for eight cells, and wants ten. */
static int use(struct table *table) {
  table->size = 8;
  table->cells = calloc(table->size, sizeof *table->cells);
  if (table->cells == NULL) return -1;
  if (grow(table) != 0) fprintf(stderr, "the table stays small\n");
  return put(table, 9, 1);
}

__attribute__((noinline)) static void first(void) {
  free(malloc(100000));
}

__attribute__((noinline)) static void second(void) {
  free(malloc(90000));
}

int main(void) {
  struct table one, two;
  int status = use(&one);
  first();
  if (status == 0) free(one.cells);
  if (status != 0) return 1;
  status = use(&two);
  second();
  free(two.cells);
  return status != 0;
}
