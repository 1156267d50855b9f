/* SPDX-License-Identifier: MIT */
/* Source with what happened there below its lines. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "explore/report/excerpt.h"
#include "explore/report/terminal.h"
#include "explore/text/memory_stream.h"
#include "explore/text/source_lines.h"

static char one[] = "/tmp/nomem-excerpt-one-XXXXXX", other[] = "/tmp/nomem-excerpt-other-XXXXXX";

static void write_file(char *path, const char *text) {
  int descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  FILE *file = fdopen(descriptor, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static int make_files(void **state) {
  (void)state;
  write_file(one,
             "int a;\n\tb = f();\nint c;\nint d;\nint e;\nint f;\nint g;\nint h;\n/* \xc3\xa4 */ i = j;\nint k;\n");
  write_file(other, "first\nsecond\nthird\n");
  return 0;
}

static int remove_files(void **state) {
  (void)state;
  unlink(one);
  unlink(other);
  return 0;
}

static void assert_excerpt(struct nomem__mark *marks, size_t count, const char *wanted) {
  struct nomem__memory_stream stream;
  struct nomem__json json = {0};
  json_t *sources = json_array();
  for (size_t i = 0; i < count; i++) {
    json_t *source = nomem__read_source_lines(&json, marks[i].file, marks[i].line);
    marks[i].source = source;
    if (source != NULL) json_array_append_new(sources, source);
  }
  nomem__excerpt_print(nomem__memory_stream_open(&stream), marks, count, one);
  char *printed = nomem__memory_stream_close(&stream);
  assert_string_equal(printed, wanted);
  free(printed);
  json_decref(sources);
}

/* A mark that stands alone has a line before it and one after it; its caret is at the column, tabs and characters of
 * several bytes counted as they are shown. */
static void one_mark(void **state) {
  (void)state;
  struct nomem__mark after_tab = {.file = one, .line = 2, .column = 6, .text = "here"};
  assert_excerpt(&after_tab, 1,
                 "      1 | int a;\n      2 |         b = f();\n        |             ^ here\n      3 | int c;\n");
  struct nomem__mark after_umlaut = {.file = one, .line = 9, .column = 10, .text = "here"};
  assert_excerpt(&after_umlaut, 1,
                 "      8 | int h;\n      9 | /* \xc3\xa4 */ i = j;\n        |         ^ here\n     10 | int k;\n");
  struct nomem__mark unknown = {.file = one, .line = 2, .text = "here"};
  assert_excerpt(&unknown, 1,
                 "      1 | int a;\n      2 |         b = f();\n        |         ^ here\n      3 | int c;\n");
  assert_true(unknown.is_shown);
}

/* Marks near one another share a piece of source, whatever their order; a wider gap is left out. */
static void several_marks(void **state) {
  (void)state;
  struct nomem__mark near[] = {{.file = one, .line = 3, .column = 5, .text = "second"},
                               {.file = one, .line = 1, .column = 5, .text = "first"},
                               {.file = one, .line = 3, .column = 1, .text = "same line"}};
  assert_excerpt(near, 3,
                 "      1 | int a;\n        |     ^ first\n      2 |         b = f();\n      3 | int c;\n"
                 "        | ^ same line\n        |     ^ second\n");
  struct nomem__mark far[] = {{.file = one, .line = 1, .column = 1, .text = "first"},
                              {.file = one, .line = 6, .column = 1, .text = "second"}};
  assert_excerpt(far, 2,
                 "      1 | int a;\n        | ^ first\n      2 |         b = f();\n      ...\n      5 | int e;\n"
                 "      6 | int f;\n        | ^ second\n      7 | int g;\n");
}

/* Another file is named, and one that is not there, or has no such line, is left out. */
static void other_files(void **state) {
  (void)state;
  struct nomem__mark marks[] = {{.file = "/nowhere", .line = 1, .text = "nowhere"},
                                {.file = other, .line = 3, .column = 1, .text = "there"},
                                {.file = one, .line = 11, .text = "beyond the end"}};
  char wanted[200];
  snprintf(wanted, sizeof wanted, "      in %s\n      2 | second\n      3 | third\n        | ^ there\n", other);
  assert_excerpt(marks, 3, wanted);
  for (size_t i = 0; i < 3; i++) assert_int_equal(marks[i].is_shown, marks[i].file == other);
}

/* What a program wrote, and what its source holds, drives no terminal. */
static void hostile_text(void **state) {
  (void)state;
  struct nomem__mark mark = {.file = one, .line = 1, .column = 1, .text = "\033[2J"};
  assert_excerpt(&mark, 1, "      1 | int a;\n        | ^ \\x1b[2J\n      2 |         b = f();\n");
}

/* The variables that programs agree on decide. */
static void colour(void **state) {
  (void)state;
  unsetenv("NO_COLOR");
  FILE *out = fopen("/dev/null", "we");
  assert_non_null(out);
  unsetenv("CLICOLOR_FORCE");
  assert_false(nomem__is_coloured(out));
  setenv("CLICOLOR_FORCE", "1", 1);
  assert_true(nomem__is_coloured(out));
  setenv("NO_COLOR", "1", 1);
  assert_false(nomem__is_coloured(out));
  unsetenv("NO_COLOR");
  setenv("CLICOLOR_FORCE", "0", 1);
  assert_false(nomem__is_coloured(out));
  unsetenv("CLICOLOR_FORCE");
  fclose(out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_mark),     cmocka_unit_test(several_marks), cmocka_unit_test(other_files),
      cmocka_unit_test(hostile_text), cmocka_unit_test(colour),
  };
  return cmocka_run_group_tests(tests, make_files, remove_files);
}
