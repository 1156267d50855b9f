/* SPDX-License-Identifier: MIT */
/* Failing allocations for SQLite alone. SQLite asks for the size of a block; nomem's come from the C library.
 *
 *   cc sqlite_adapter.c -lnomem -lsqlite3 */
#include <malloc.h>
#include <sqlite3.h>

#include "try_failures.h"

static nomem_malloc_func sqlite_malloc;
static nomem_realloc_func sqlite_realloc;

static void *allocate(int bytes) {
  return sqlite_malloc((size_t)bytes);
}
static void *resize(void *block, int bytes) {
  return sqlite_realloc(block, (size_t)bytes);
}
static int size_of(void *block) {
  return (int)malloc_usable_size(block);
}
static int round_up(int bytes) {
  return (bytes + 7) & ~7;
}
static int start(void *unused) {
  return (void)unused, SQLITE_OK;
}
static void stop(void *unused) {
  (void)unused;
}

static int adapt_sqlite(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                        nomem_free_func free_func) {
  (void)calloc_func;
  sqlite_malloc = malloc_func;
  sqlite_realloc = realloc_func;
  sqlite3_mem_methods methods = {allocate, free_func, resize, size_of, round_up, start, stop, NULL};
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

static int insert_and_select(void *unused) {
  sqlite3 *database;
  (void)unused;
  int result = sqlite3_open(":memory:", &database);
  if (result == SQLITE_OK)
    result = sqlite3_exec(database, "create table t (a, b); insert into t values (1, 'one'); select * from t", NULL,
                          NULL, NULL);
  sqlite3_close(database);
  return result;
}

int main(void) {
  if (nomem_install(adapt_sqlite) != 0) return 2;
  return try_failures("SQLite", insert_and_select);
}
