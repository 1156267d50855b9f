/* SPDX-License-Identifier: MIT */
/* How a report ends: the findings at a glance, and what to do next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "explore/report/findings_table.h"
#include "explore/report/next_step.h"
#include "explore/text/memory_stream.h"

/* A finding in a place that is known by its line, unless its file is NULL. */
static json_t *finding_of(const char *verdict, const char *location, const char *file) {
  json_t *frame = json_pack("{s:s, s:s*, s:i}", "function", "f", "file", file, "line", 7);
  return json_pack("{s:s, s:s, s:i, s:b, s:s, s:{s:i, s:[o]}}", "verdict", verdict, "location", location, "runs", 3,
                   "flaky", 0, "code_owner", "the program", "blow_up", "culprit", 0, "stack", frame);
}

static json_t *document_of(json_t *findings) {
  return json_pack("{s:s, s:o, s:{s:i, s:i}}", "directory", "/here", "findings", findings, "coverage", "points", 4,
                   "points_tried", 4);
}

static void assert_table(json_t *document, bool is_below_lines, const char *wanted) {
  struct nomem__memory_stream stream;
  nomem__findings_table_print(document, is_below_lines, nomem__memory_stream_open(&stream));
  char *text = nomem__memory_stream_close(&stream);
  assert_string_equal(text, wanted);
  free(text);
  json_decref(document);
}

/* One finding has just been read, and one that is flaky does not count. */
static void short_reports(void **state) {
  (void)state;
  json_t *flaky = finding_of("abort", "g (g.c:1)", "g.c");
  json_object_set_new(flaky, "flaky", json_true());
  assert_table(document_of(json_array()), true, "");
  assert_table(document_of(json_pack("[o]", finding_of("crash", "f (f.c:7)", "f.c"))), true, "");
  assert_table(document_of(json_pack("[o, o]", finding_of("crash", "f (f.c:7)", "f.c"), flaky)), false, "");
}

static void rows(void **state) {
  (void)state;
  json_t *owned = finding_of("sanitizer", "g (g.c:1)", "g.c");
  json_object_set_new(owned, "location_owner", json_string("libg.so"));
  json_t *findings =
      json_pack("[o, o, o]", owned, finding_of("crash", "f (f.c:7)", "f.c"), finding_of("crash", "f (f.c:7)", "f.c"));
  assert_table(document_of(findings), true,
               "\n  verdict     runs  place\n  sanitizer      3  g (g.c:1), in libg.so\n"
               "  crash          6  f (f.c:7): 2 findings\n\n");
}

/* A test that shows both findings of a place is one. */
static void tests_of_a_suite(void **state) {
  (void)state;
  json_t *one = finding_of("leak", "f (f.c:7)", "f.c"), *other = finding_of("leak", "f (f.c:7)", "f.c");
  json_object_set_new(one, "cases", json_pack("[s, s]", "a", "b"));
  json_object_set_new(other, "cases", json_pack("[s, s]", "b", "c"));
  json_t *document = document_of(json_pack("[o, o, o]", one, other, finding_of("leak", "g (g.c:1)", "g.c")));
  json_object_set_new(document, "cases", json_array());
  assert_table(document, false,
               "  verdict  tests   runs  place\n  leak         3      6  f (f.c:7): 2 findings\n"
               "  leak         0      3  g (g.c:1)\n\n");
}

static void many_rows(void **state) {
  (void)state;
  json_t *findings = json_array();
  for (int i = 0; i < 23; i++) {
    char place[32];
    snprintf(place, sizeof place, "f (f.c:%d)", i);
    json_array_append_new(findings, finding_of("crash", place, "f.c"));
  }
  struct nomem__memory_stream stream;
  json_t *document = document_of(findings);
  nomem__findings_table_print(document, false, nomem__memory_stream_open(&stream));
  char *text = nomem__memory_stream_close(&stream);
  assert_non_null(strstr(text, "f (f.c:19)\n  and 3 more\n\n"));
  free(text);
  json_decref(document);
}

static void assert_next(json_t *document, bool has_store, const char *wanted) {
  struct nomem__json json = {0};
  nomem__document_put_next(&json, document, has_store);
  assert_string_equal(nomem__json_string(document, "next"), wanted);
  json_decref(document);
}

/* The command that explains a finding works where the one that debugs it does. */
static void of_findings(void **state) {
  static const char *const lines[][2] = {
      {"nomem replay --gdb crash-12", "nomem explain crash-12 says how to mend f (f.c:7)"},
      {"cd x && nomem replay --gdb crash-12 --store /there/.nomem/store.db",
       "cd x && nomem explain crash-12 --store /there/.nomem/store.db says how to mend f (f.c:7)"},
      {"cd x && nomem replay --gdb crash-12", "cd x && nomem explain crash-12 says how to mend f (f.c:7)"}};
  (void)state;
  assert_next(document_of(json_pack("[o]", finding_of("crash", "f (f.c:7)", "f.c"))), false,
              "nomem explain crash says how to mend f (f.c:7)");
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    json_t *finding = finding_of("crash", "f (f.c:7)", "f.c");
    json_object_set_new(finding, "debug", json_string(lines[i][0]));
    assert_next(document_of(json_pack("[o]", finding)), true, lines[i][1]);
  }
}

/* What was not checked is what is mended; without lines nobody can look, but in the C library. */
static void of_places(void **state) {
  (void)state;
  json_t *finding = finding_of("crash", "f (f.c:7)", "f.c");
  json_object_set_new(finding, "unchecked", json_pack("{s:s, s:s, s:i}", "function", "g", "file", "g.c", "line", 5));
  assert_next(document_of(json_pack("[o]", finding)), false, "nomem explain crash says how to mend g (g.c:5)");
  assert_next(document_of(json_pack("[o]", finding_of("crash", "lib.so+0x5", NULL))), true,
              "build with -g (or install debug symbols), so that the report names files and lines");
  finding = finding_of("crash", "puts (libc.so.6+0x5)", NULL);
  json_object_set_new(finding, "code_owner", json_string("libc"));
  assert_next(document_of(json_pack("[o]", finding)), false,
              "nomem explain crash says how to mend puts (libc.so.6+0x5)");
}

static void without_findings(void **state) {
  (void)state;
  assert_next(document_of(json_array()), true, "");
  json_t *document = document_of(json_array());
  json_object_set_new(json_object_get(document, "coverage"), "points_tried", json_integer(1));
  assert_next(json_incref(document), true, "the same command again goes on where this one ended");
  assert_next(json_incref(document), false,
              "give it more time, or a store: then the same command goes on where it ended");
  json_object_set_new(json_object_get(document, "coverage"), "points_in_other_shards", json_integer(3));
  json_object_del(document, "next");
  assert_next(document, true, "");
  document = document_of(json_array());
  json_object_set_new(document, "cases", json_pack("[{s:s, s:s}]", "name", "a", "result", "failed"));
  assert_next(json_incref(document), true, "mend a, which fails without any fault: then it is explored, too");
  json_array_append_new(json_object_get(document, "cases"), json_pack("{s:s, s:s}", "name", "b", "result", "failed"));
  assert_next(document, true, "mend the 2 tests that fail without any fault: then they are explored, too");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(short_reports),    cmocka_unit_test(rows),
                                     cmocka_unit_test(tests_of_a_suite), cmocka_unit_test(many_rows),
                                     cmocka_unit_test(of_findings),      cmocka_unit_test(of_places),
                                     cmocka_unit_test(without_findings)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
