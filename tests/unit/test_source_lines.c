/* SPDX-License-Identifier: MIT */
/* Lines of source as reports show them. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "explore/text/memory.h"
#include "explore/text/source_lines.h"
#include "fixtures/short_memory.h"

static char path[] = "/tmp/nomem-source-XXXXXX";

static json_t *source_of(const char *text, unsigned line) {
  FILE *file = fopen(path, "we");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
  struct nomem__json json = {0};
  json_t *source = nomem__read_source_lines(&json, path, line);
  assert_false(json.failed);
  return source;
}

static const char *source_line(const json_t *source, size_t i) {
  const char *text = json_string_value(json_array_get(json_object_get(source, "lines"), i));
  return text != NULL ? text : "";
}

/* Three lines before and after, fewer at either end, and none past it. */
static void test_source_lines(void **state) {
  (void)state;
  json_t *source = source_of("1\n2\n3\n4\n5\n6\n7\n8\n9", 5);
  assert_int_equal(nomem__json_count(source, "first"), 2);
  assert_int_equal(json_array_size(json_object_get(source, "lines")), 7);
  assert_string_equal(source_line(source, 3), "5");
  json_decref(source);
  source = source_of("1\n2\n3", 3);
  assert_int_equal(nomem__json_count(source, "first"), 1);
  assert_string_equal(source_line(source, 2), "3");
  json_decref(source);
  assert_null(source_of("1\n2\n3\n", 4));
  assert_null(source_of("1\n", 0));
  struct nomem__json json = {0};
  assert_null(nomem__read_source_lines(&json, "/nowhere", 1));
  assert_null(nomem__read_source_lines(&json, "/tmp", 1));
  assert_false(json.failed);
}

/* Tabs are blanks up to the next column of eight, bytes that are not text are shown as such, and a long line is cut
 * between characters. */
static void test_source_lines_are_fit_to_show(void **state) {
  (void)state;
  json_t *source = source_of("a\tb\x1b\xff\r\n", 1);
  assert_string_equal(source_line(source, 0), "a       b\\x1b\\xff");
  json_decref(source);
  char line[1000];
  memset(line, 'x', sizeof line);
  memcpy(line + 238, "\xe2\x82\xac", 3); /* over the 240th byte */
  line[sizeof line - 1] = '\0';
  source = source_of(line, 1);
  assert_int_equal(strlen(source_line(source, 0)), 238);
  json_decref(source);
}

static bool reads_lines(const void *arg) {
  struct nomem__json json = {0};
  json_t *source = nomem__read_source_lines(&json, path, 2);
  bool is_right = !json.failed && json_equal(source, arg) != 0;
  json_decref(source);
  return is_right;
}

/* Whichever allocation fails: the lines are all there. */
static void test_source_lines_without_memory(void **state) {
  (void)state;
  json_t *wanted = source_of("1\n2\n3", 2);
  assert_true(count_giving_up(reads_lines, wanted, true) > 5);
  json_decref(wanted);
}

/* A pipe in the place of a source file is not waited for. */
static void test_source_is_a_file(void **state) {
  (void)state;
  unlink(path);
  assert_int_equal(mkfifo(path, 0600), 0);
  struct nomem__json json = {0};
  assert_null(nomem__read_source_lines(&json, path, 1));
  assert_false(json.failed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_source_lines),
      cmocka_unit_test(test_source_lines_are_fit_to_show),
      cmocka_unit_test(test_source_lines_without_memory),
      cmocka_unit_test(test_source_is_a_file),
  };
  nomem__memory_set_libraries();
  int descriptor = mkstemp(path);
  if (descriptor < 0) return 1;
  close(descriptor);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  unlink(path);
  return failed;
}
