/* SPDX-License-Identifier: MIT */
/* An element of an array is NULL, and followed by functions that find it by its number, or on the way through all. */
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

struct cell {
  int column, row;
};

struct table {
  unsigned count;
  struct cell **cells;
};

NOINLINE static void table_free(struct table *table) {
  for (unsigned i = 0; i < table->count; i++) free(table->cells[i]);
  free(table->cells);
}

NOINLINE static int table_init(struct table *table, unsigned count) {
  table->count = count;
  table->cells = calloc(count, sizeof *table->cells);
  if (table->cells == NULL) return -1;
  for (unsigned i = 0; i < count; i++) {
    table->cells[i] = calloc(1, sizeof **table->cells); /* unchecked */
#ifdef MENDED
    if (table->cells[i] == NULL) {
      table_free(table);
      return -1;
    }
#endif
  }
  return 0;
}

NOINLINE static void table_set(const struct table *table, unsigned number, int row) {
  table->cells[number]->row = row;
}

NOINLINE static int table_sum(const struct table *table) {
  int sum = 0;
  for (unsigned i = 0; i < table->count; i++) sum += table->cells[i]->row;
  return sum;
}

int main(int argc, char **argv) {
  struct table table;
  (void)argv;
  if (table_init(&table, 3) != 0) return 1;
  table_set(&table, 0, argc);
  table_set(&table, 2, argc);
  printf("%d\n", table_sum(&table));
  table_free(&table);
  return 0;
}
