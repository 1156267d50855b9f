/* SPDX-License-Identifier: MIT */
/* What is decided about a suite: which programs are its cases and what they are called, which variables matter and may
 * be shown, and which findings are one. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/suite/case_turns.h"
#include "../../faults/explore/suite/runner_kinds.h"
#include "../../faults/explore/suite/suite_cases.h"
#include "../../faults/explore/suite/suite_findings.h"
#include "../../faults/explore/suite/variables.h"
#include "../../faults/explore/suite/variants.h"
#include "../../faults/explore/text/json_values.h"
#include "../../faults/explore/text/memory.h"
#include "../../faults/explore/text/words.h"

/* Words that stand one after the other, as /proc has them. */
#define BLOCK(text) text, sizeof(text)

static size_t add(struct nomem__recording *recording, const char *path, size_t parent, size_t before) {
  return nomem__recording_add(recording, path, parent, before);
}

/* Makes an image one that ended with this status, was called by these words and ran in this folder. */
static void complete(struct nomem__recording *recording, size_t number, const char *words, size_t word_bytes,
                     const char *folder, int status) {
  struct nomem__recorded_image *image = &recording->images[number];
  image->is_whole = image->has_ended = true;
  image->words = nomem__malloc(word_bytes);
  memcpy(image->words, words, word_bytes);
  image->word_bytes = word_bytes;
  image->folder = nomem__strdup(folder);
  image->variables = nomem__calloc(1, 1);
  image->status = status;
}

/* The cases as text: "name", and in brackets why one is left out. */
static void check_cases(const struct nomem__recording *recording, const char *wanted) {
  struct nomem__suite_cases cases = {0};
  char text[4096] = "";
  nomem__suite_cases_make(&cases, recording, "/home/me/project");
  for (size_t i = 0; i < cases.count; i++) {
    const struct nomem__suite_case *suite_case = &cases.list[i];
    size_t used = strlen(text);
    bool is_out = suite_case->left_out != NOMEM_LEFT_OUT_NO;
    snprintf(text + used, sizeof text - used, "%s%s%s%s%s", i > 0 ? "; " : "", suite_case->name, is_out ? " [" : "",
             nomem__left_out_names[suite_case->left_out], is_out ? "]" : "");
    assert_int_equal(is_out, suite_case->reason != NULL);
  }
  assert_string_equal(text, wanted);
  nomem__suite_cases_free(&cases);
}

static void kinds_of_programs(void **state) {
  (void)state;
  static const char *const cases[] = {"/home/me/project/test_a", "/build/t/lt-x", "/usr/local/src/p/test",
                                      "/usr/src/p/test",         "/tmp/a.out",    "/home/me/project/install/sandbox",
                                      "/home/me/linux-as"};
  static const char *const others[] = {"/usr/bin/perl",
                                       "/bin/sh",
                                       "/home/me/project/sh",
                                       "/opt/gcc/bin/gcc-13",
                                       "/opt/llvm/clang",
                                       "/home/me/.cargo/bin/cargo",
                                       "/work/conftest",
                                       "/work/cross/x86_64-buildroot-linux-gnu-gcc-12",
                                       "/home/me/.cache/bazel/_bazel_me/install/0123456789abcdef0123456789abcdef/"
                                       "linux-sandbox",
                                       "/lib64/ld-2.36.so",
                                       "",
                                       "relative",
                                       "/usr/libexec/gcc/cc1"};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_true(nomem__suite_may_be_case(cases[i]));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(nomem__suite_may_be_case(others[i]));
}

/* An interpreter is a case by what it has loaded; of the same command, another input is another case. */
static void interpreters_and_inputs(void **state) {
  (void)state;
  struct nomem__recording recording = {0};
  assert_true(nomem__suite_may_run_case("/usr/bin/python3.11"));
  assert_false(nomem__suite_may_run_case("/usr/bin/gcc-12"));
  for (size_t i = 0; i < 5; i++) {
    size_t number =
        add(&recording, i < 2 ? "/usr/bin/python3.11" : "/home/me/project/t", NOMEM_NO_IMAGE, NOMEM_NO_IMAGE);
    complete(&recording, number, BLOCK("t"), "/home/me/project", 0);
    recording.images[number].has_projects_module = i == 1;
    if (i >= 2) recording.images[number].input_path = nomem__strdup(i == 3 ? "/home/me/project/in/b" : "/tmp/a");
  }
  check_cases(&recording, "python3.11; t < a; t < in/b");
  nomem__recording_free(&recording);
}

/* What a case starts is none, through however many shells; what else is started by the same command later on is. */
static void started_by_a_case(void **state) {
  (void)state;
  struct nomem__recording recording = {0};
  size_t make = add(&recording, "/usr/bin/make", NOMEM_NO_IMAGE, NOMEM_NO_IMAGE);
  size_t test = add(&recording, "/home/me/project/test", make, NOMEM_NO_IMAGE);
  complete(&recording, test, BLOCK("./test"), "/home/me/project", 0);
  size_t shell = add(&recording, "/bin/sh", test, NOMEM_NO_IMAGE);
  size_t helper = add(&recording, "/home/me/project/helper", shell, NOMEM_NO_IMAGE);
  complete(&recording, helper, BLOCK("./helper"), "/home/me/project", 0);
  check_cases(&recording, "helper [started_by_case]; test");
  size_t again = add(&recording, "/home/me/project/helper", make, NOMEM_NO_IMAGE);
  complete(&recording, again, BLOCK("./helper"), "/home/me/project", 0);
  check_cases(&recording, "helper; test");
  nomem__recording_free(&recording);
}

/* Of a process that executes one program after another, the last is the case. */
/* A start in this folder of the program below it. */
static struct nomem__recorded_image start_below(const char *folder, const char *program) {
  struct nomem__recorded_image image = {.is_whole = true, .variables = nomem__calloc(1, 1)};
  image.folder = nomem__strdup(folder);
  image.path = nomem__format("%s/%s", folder, program);
  image.words = nomem__format("%s/%s", folder, program);
  image.word_bytes = strlen(image.words) + 1;
  return image;
}

/* Whether a second start may be the test of a first one whose folder is gone, or is still there. */
static void check_second_start(const char *folder, const char *program, bool is_gone, bool wanted) {
  struct nomem__recording recording = {.count = 2, .images = nomem__calloc(2, sizeof *recording.images)};
  recording.images[0] = start_below("/home/me/boxes/9/root", "test1");
  recording.images[1] = start_below(folder, program);
  assert_int_equal(nomem__variants_are_similar(&recording.images[0], &recording.images[1], is_gone), wanted);
  nomem__recording_free(&recording);
}

/* A folder that the runner makes anew each time, wherever it is, is known by its numbers, and nothing else may differ
 * in numbers. */
static void remade_folders(void **state) {
  (void)state;
  check_second_start("/home/me/boxes/9/root", "test1", true, true);
  check_second_start("/home/me/boxes/11/root", "test1", true, true);
  check_second_start("/home/me/boxes/11/root", "test1", false, false);
  check_second_start("/home/me/boxes/11/root", "test2", true, false);
  check_second_start("/home/me/boxes/9/root", "test2", true, false);
  check_second_start("/home/me/boxes/11/other", "test1", true, false);
  check_second_start("/home/me/crates/11/root", "test1", true, false);
}

/* The words of a list, with blanks between them; frees the list. */
static void check_words(char **list, const char *wanted) {
  char *joined = list != NULL ? nomem__format_command(list) : NULL;
  if (wanted == NULL)
    assert_null(joined);
  else
    assert_string_equal(joined, wanted);
  free(joined);
  free(list);
}

static void runners_with_servers(void **state) {
  (void)state;
  char *bazel[] = {"/opt/bazel-7.1", "--output_base=/x", "test", "//...", NULL};
  char *build[] = {"bazel", "build", "//...", NULL}, *other[] = {"./bazelle", "test", NULL}, *alone[] = {"bazel", NULL};
  char *go[] = {"go", "test", "./...", NULL};
  check_words(nomem__runner_kind_complete(bazel),
              "/opt/bazel-7.1 --output_base=/x test --nocache_test_results --strategy=TestRunner=local //...");
  check_words(nomem__runner_kind_end_server(bazel), "/opt/bazel-7.1 --output_base=/x shutdown");
  check_words(nomem__runner_kind_complete(build), NULL);
  check_words(nomem__runner_kind_end_server(build), NULL);
  check_words(nomem__runner_kind_complete(other), NULL);
  check_words(nomem__runner_kind_complete(alone), NULL);
  check_words(nomem__runner_kind_complete(go), "go test -count=1 ./...");
  check_words(nomem__runner_kind_end_server(go), NULL);
}

static void last_image(void **state) {
  (void)state;
  struct nomem__recording recording = {0};
  size_t shell = add(&recording, "/bin/bash", NOMEM_NO_IMAGE, NOMEM_NO_IMAGE);
  size_t wrapper = add(&recording, "/home/me/project/launch", NOMEM_NO_IMAGE, shell);
  size_t last = add(&recording, "/home/me/project/.libs/lt-test", NOMEM_NO_IMAGE, wrapper);
  complete(&recording, last, BLOCK("/home/me/project/.libs/lt-test"), "/home/me/project", 0);
  check_cases(&recording, "test");
  nomem__recording_free(&recording);
}

/* Names have no absolute paths, and no two are the same. */
static void names(void **state) {
  (void)state;
  static const struct {
    const char *path, *words, *folder;
    size_t bytes;
  } commands[] = {
      {"/home/me/project/t", "./t\0one", "/home/me/project", sizeof "./t\0one"},
      {"/home/me/project/t", "./t\0/home/me/project/data/x.json", "/home/me/project",
       sizeof "./t\0/home/me/project/data/x.json"},
      {"/home/me/project/t", "./t\0--in=/home/me/project/x\0/etc/passwd", "/home/me/project",
       sizeof "./t\0--in=/home/me/project/x\0/etc/passwd"},
      {"/home/me/project/a/u", "./u", "/home/me/project/a", sizeof "./u"},
      {"/home/me/project/b/u", "./u", "/home/me/project/b", sizeof "./u"},
      {"/home/me/project/t", "./t\0a b", "/home/me/project", sizeof "./t\0a b"},
  };
  struct nomem__recording recording = {0};
  for (int twice = 0; twice < 2; twice++)
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
      size_t number = add(&recording, commands[i].path, NOMEM_NO_IMAGE, NOMEM_NO_IMAGE);
      complete(&recording, number, commands[i].words, commands[i].bytes, commands[i].folder, 0);
    }
  check_cases(&recording, "t 'a b'; t --in=x passwd; t data/x.json; t one; u in a; u in b");
  nomem__recording_free(&recording);
}

/* Adds a start of ./t that differs from the command's own environment in these entries. */
static void start_in(struct nomem__recording *recording, const char *variables, size_t bytes) {
  size_t number = add(recording, "/home/me/project/t", NOMEM_NO_IMAGE, NOMEM_NO_IMAGE);
  complete(recording, number, BLOCK("./t"), "/home/me/project", 0);
  struct nomem__recorded_image *image = &recording->images[number];
  free(image->variables);
  image->variables = nomem__malloc(bytes);
  memcpy(image->variables, variables, bytes);
  image->variable_bytes = bytes - 1;
}

/* The same command is another test where a variable says so, in whichever order, but not where it says only when, where
 * or by whom it was started; and of what may be a secret the name does not say what it is. */
static void environments(void **state) {
  (void)state;
  struct nomem__recording recording = {0};
  start_in(&recording, BLOCK("MODE=b\0DIR=/home/me/project/in"));
  start_in(&recording, BLOCK("MODE=a b"));
  start_in(&recording, BLOCK("MODE=b\0DIR=/home/me/project/in\0SHLVL=2\0PORT=1"));
  start_in(&recording, BLOCK("MODE=b\0DIR=/home/me/project/in\0OUT=/tmp/x.9bXdTc\0PORT=2"));
  start_in(&recording, BLOCK("MODE=b\0DIR=/home/me/project/in\0OUT=/tmp/x.aT0P3x"));
  start_in(&recording, BLOCK("MODE=a b\0LANG"));
  start_in(&recording, BLOCK("MODE=a b\0API_TOKEN=1"));
  check_cases(&recording,
              "t (API_TOKEN, MODE='a b'); t (DIR=in, MODE=b); t (MODE='a b'); t (without LANG, MODE='a b')");
  nomem__recording_free(&recording);
  start_in(&recording, BLOCK("PORT=1"));
  start_in(&recording, BLOCK("PORT=2"));
  check_cases(&recording, "t");
  nomem__recording_free(&recording);
  for (int i = 0; i < 26; i++) {
    const char entry[] = {'R', '=', (char)('a' + i), '\0', '\0'};
    start_in(&recording, entry, sizeof entry);
  }
  struct nomem__suite_cases cases = {0};
  nomem__suite_cases_make(&cases, &recording, "/home/me/project");
  assert_int_equal(cases.count, 16);
  assert_int_equal(cases.list[0].times, 11);
  nomem__suite_cases_free(&cases);
  nomem__recording_free(&recording);
}

/* How a test ended without a fault says whether it can be explored. */
static void ends(void **state) {
  (void)state;
  struct nomem__recording recording = {0};
  complete(&recording, add(&recording, "/p/a", NOMEM_NO_IMAGE, NOMEM_NO_IMAGE), BLOCK("./a"), "/p", 0);
  complete(&recording, add(&recording, "/p/b", NOMEM_NO_IMAGE, NOMEM_NO_IMAGE), BLOCK("./b"), "/p", 1 << 8);
  complete(&recording, add(&recording, "/p/c", NOMEM_NO_IMAGE, NOMEM_NO_IMAGE), BLOCK("./c"), "/p", 77 << 8);
  complete(&recording, add(&recording, "/p/d", NOMEM_NO_IMAGE, NOMEM_NO_IMAGE), BLOCK("./d"), "/p", SIGSEGV);
  size_t number = add(&recording, "/p/e", NOMEM_NO_IMAGE, NOMEM_NO_IMAGE);
  complete(&recording, number, BLOCK("./e"), "/p", 0);
  recording.images[number].has_ended = false;
  add(&recording, "/p/f", NOMEM_NO_IMAGE, NOMEM_NO_IMAGE);
  check_cases(&recording, "a; b [failed]; c [skipped]; d [failed]; e [not_ended]; f [unknown]");
  nomem__recording_free(&recording);
}

/* A list of variables is changed by what has been compared with it into what it was compared with. */
static void variables(void **state) {
  (void)state;
  char *const before[] = {"PATH=/bin", "HOME=/home/me", "LANG=C", NULL};
  static const char block[] = "PATH=/bin\0LANG=de\0NEW=1\0=odd\0no equals sign";
  size_t bytes;
  char *difference = nomem__variables_compare(before, block, sizeof block, &bytes);
  assert_int_equal(bytes, sizeof "LANG=de\0NEW=1\0HOME");
  assert_memory_equal(difference, "LANG=de\0NEW=1\0HOME", bytes);
  char **list = nomem__variables_apply(before, difference, bytes);
  assert_string_equal(list[0], "PATH=/bin");
  assert_string_equal(list[1], "LANG=de");
  assert_string_equal(list[2], "NEW=1");
  assert_null(list[3]);
  free(list);
  free(difference);
  difference = nomem__variables_compare(before, "cut", 3, &bytes);
  assert_int_equal(bytes, sizeof "PATH\0HOME\0LANG");
  free(difference);
}

/* Each turn is some sites of one case; in the rounds before the last each common site comes at most three times. */
static void turns(void **state) {
  (void)state;
  const struct nomem__order_site sites[] = {{.common = 7, .calls = 1}, {.common = 8, .calls = 1}};
  struct nomem__order_case cases[5];
  for (size_t i = 0; i < 5; i++) cases[i] = (struct nomem__order_case){.cost = i + 1, .sites = sites, .site_count = 2};
  for (int way = 0; way < 3; way++) {
    struct nomem__case_turns taken = {0};
    size_t number, count, tried = 0, of_first = 0;
    bool is_quick = way == 1, has_end = way == 2; /* the last round is left out from the beginning, or once it begins */
    nomem__case_turns_make(&taken, cases, 5, is_quick);
    while (nomem__case_turns_peek(&taken, &number)) {
      if (has_end) nomem__case_turns_end(&taken);
      if (taken.next == taken.count) break;
      uint32_t *ordered = nomem__case_turns_take(&taken, &count);
      assert_true(count > 0 && number < 5);
      tried += count;
      for (size_t i = 0; i < count; i++) of_first += ordered[i] == 0;
      free(ordered);
    }
    assert_int_equal(tried, is_quick || has_end ? 6 : 10);
    assert_int_equal(of_first, is_quick || has_end ? 3 : 5);
    nomem__case_turns_free(&taken);
  }
}

static json_t *read_document(const char *text) {
  json_error_t error;
  json_t *document = json_loads(text, 0, &error);
  assert_non_null(document);
  return document;
}

#define FINDING(id, cause, more)                                                                      \
  "{\"id\":\"" id "\",\"cause\":\"" cause "\",\"verdict\":\"crash\",\"flaky\":false,\"runs\":2," more \
  "\"reproduce\":\"nomem run " id "\"}"

/* One finding for each cause, with the cases that show it and the quickest of them to reproduce it. */
static void joined_findings(void **state) {
  (void)state;
  json_t *slow = read_document("{\"findings\":[" FINDING("crash-1", "a", "") "," FINDING(
             "crash-2", "b", "") "],"
                                 "\"excluded\":[]}"),
         *quick = read_document("{\"findings\":[" FINDING("crash-3", "a", "") "],\"excluded\":[" FINDING(
             "crash-4", "c", "\"exclusion\":\"x\",") "]}"),
         *third = read_document("{\"findings\":[" FINDING("crash-2", "d", "") "],\"excluded\":[" FINDING(
             "crash-5", "b", "\"exclusion\":\"x\",") "]}");
  const struct nomem__case_findings cases[] = {{.name = "slow", .document = slow, .wall_us = 900},
                                               {.name = "quick", .document = quick, .wall_us = 10},
                                               {.name = "third", .document = third, .wall_us = 50},
                                               {.name = "left out"}};
  json_t *excluded, *findings = nomem__suite_findings_join(cases, 4, &excluded);
  char *text = json_dumps(findings, JSON_COMPACT | JSON_SORT_KEYS);
  assert_int_equal(json_array_size(findings), 3);
  assert_int_equal(json_array_size(excluded), 1);
  const json_t *first = json_array_get(findings, 0), *second = json_array_get(findings, 1);
  assert_string_equal(nomem__json_string(first, "id"), "crash-1");
  assert_string_equal(nomem__json_string(first, "replay"), "crash-3");
  assert_string_equal(nomem__json_string(first, "case"), "quick");
  assert_string_equal(nomem__json_string(first, "reproduce"), "nomem run crash-3");
  assert_int_equal(nomem__json_count(first, "runs"), 4);
  assert_int_equal(json_array_size(json_object_get(first, "cases")), 2);
  assert_string_equal(nomem__json_string(second, "id"), "crash-2");
  assert_string_equal(nomem__json_string(second, "reproduce"), "nomem run crash-2");
  assert_string_equal(nomem__json_string(json_array_get(findings, 2), "id"), "crash-2-2");
  free(text);
  json_decref(findings);
  json_decref(excluded);
  json_decref(slow);
  json_decref(quick);
  json_decref(third);
}

/* What can be run alone is shown rather than what needs its runner, however quick that is; or else it is said. */
static void findings_in_place(void **state) {
  (void)state;
  json_t *placed = read_document("{\"findings\":[" FINDING("crash-1", "a", "") "," FINDING(
             "crash-2", "b", "") "],"
                                 "\"excluded\":[]}"),
         *alone = read_document("{\"findings\":[" FINDING("crash-3", "a", "") "],\"excluded\":[]}");
  const struct nomem__case_findings cases[] = {
      {.name = "placed", .document = placed, .wall_us = 1, .is_in_place = true},
      {.name = "alone", .document = alone, .wall_us = 900}};
  json_t *excluded, *findings = nomem__suite_findings_join(cases, 2, &excluded);
  const json_t *first = json_array_get(findings, 0), *second = json_array_get(findings, 1);
  assert_int_equal(json_array_size(findings), 2);
  assert_string_equal(nomem__json_string(first, "case"), "alone");
  assert_null(json_object_get(first, "needs"));
  assert_string_equal(nomem__json_string(second, "case"), "placed");
  assert_non_null(json_object_get(second, "needs"));
  json_decref(findings);
  json_decref(excluded);
  json_decref(placed);
  json_decref(alone);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinds_of_programs),
      cmocka_unit_test(interpreters_and_inputs),
      cmocka_unit_test(started_by_a_case),
      cmocka_unit_test(remade_folders),
      cmocka_unit_test(runners_with_servers),
      cmocka_unit_test(last_image),
      cmocka_unit_test(names),
      cmocka_unit_test(environments),
      cmocka_unit_test(ends),
      cmocka_unit_test(variables),
      cmocka_unit_test(turns),
      cmocka_unit_test(joined_findings),
      cmocka_unit_test(findings_in_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
