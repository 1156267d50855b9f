/* SPDX-License-Identifier: MIT */
/* SQLite, libelf, libdw and regular expressions while their memory is short: whichever of their allocations fails, the
 * command ends with one line and status 2. None of them goes on without what it wanted to remember, and none uses a
 * NULL. Jansson is in test_text.c; libuv is not: this program's uv_replace_allocator is that of lib/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "explore/campaign/site_filter.h"
#include "explore/stack/symbols.h"
#include "explore/target/target_elf.h"
#include "explore/text/memory.h"
#include "fixtures/short_memory.h"

static bool uses_sqlite(const void *arg) {
  (void)arg;
  sqlite3 *db = NULL;
  sqlite3_stmt *row = NULL;
  bool is_right =
      sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
      sqlite3_exec(db, "CREATE TABLE t(a,b); INSERT INTO t VALUES(1,'x'),(2,'y')", NULL, NULL, NULL) == SQLITE_OK &&
      sqlite3_prepare_v2(db, "SELECT sum(a) FROM t", -1, &row, NULL) == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW &&
      sqlite3_column_int(row, 0) == 3;
  sqlite3_finalize(row);
  sqlite3_close(db);
  return is_right;
}

/* Where this program's own debug information says that a function is. */
static bool uses_libdw(const void *arg) {
  struct nomem__source_frame frames[NOMEM_INLINED_MAX];
  struct nomem__symbols *symbols = nomem__symbols_open();
  size_t count =
      nomem__symbols_resolve(symbols, "/proc/self/exe", *(const uint64_t *)arg, false, frames, NOMEM_INLINED_MAX);
  bool is_right = count == 1 && frames[0].function != NULL && strcmp(frames[0].function, "uses_sqlite") == 0 &&
                  frames[0].file != NULL && frames[0].line > 0;
  nomem__symbols_close(symbols);
  return is_right;
}

static bool uses_libelf(const void *arg) {
  struct nomem__elf elf;
  char objection[256];
  FILE *file = fopen("/proc/self/exe", "re");
  (void)arg;
  if (file == NULL) return has_failed;
  /* This program defines malloc, as its symbols say. */
  bool is_right = nomem__elf_check(fileno(file), UINT64_MAX, &elf, objection, sizeof objection) != 0 &&
                  strstr(objection, "defines malloc") != NULL;
  fclose(file);
  return is_right;
}

/* glibc's regexec says that nothing matches when its memory is short. */
static bool uses_regular_expressions(const void *arg) {
  char path[] = "/proc/self/exe", *modules[] = {path};
  const nomem_frame frame = NOMEM_FRAME(1, *(const uint64_t *)arg + 1); /* of a return address */
  struct nomem__campaign_site site = {.key = 1, .count = 1, .frames = &frame, .depth = 1};
  struct nomem__symbols *symbols = nomem__symbols_open();
  bool is_right = nomem__site_filter_apply("(none|(us.?)+es_sql[a-z]+)$", symbols, &site, 1, modules, 1) == 1;
  nomem__symbols_close(symbols);
  return is_right && !site.is_left_out;
}

static void sqlite_gives_up(void **state) {
  (void)state;
  assert_true(count_giving_up(uses_sqlite, NULL, true) > 20);
}

/* The offset in this program's file of a function of it. */
static uint64_t own_offset(void) {
  extern const char __executable_start;
  return (uint64_t)(uintptr_t)uses_sqlite - (uint64_t)(uintptr_t)&__executable_start;
}

static void libdw_gives_up(void **state) {
  (void)state;
  uint64_t offset = own_offset();
  assert_true(count_giving_up(uses_libdw, &offset, true) > 50);
}

static void regular_expressions_give_up(void **state) {
  (void)state;
  uint64_t offset = own_offset();
  assert_true(count_giving_up(uses_regular_expressions, &offset, true) > 100);
}

static void libelf_gives_up(void **state) {
  (void)state;
  assert_true(count_giving_up(uses_libelf, NULL, true) > 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sqlite_gives_up),
      cmocka_unit_test(libdw_gives_up),
      cmocka_unit_test(libelf_gives_up),
      cmocka_unit_test(regular_expressions_give_up),
  };
  nomem__memory_set_libraries();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
