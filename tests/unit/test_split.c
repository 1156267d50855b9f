/* SPDX-License-Identifier: MIT */
/* Programs that hold many tests: how their lists are read, and how one test is chosen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/suite/split_names.h"

/* The names that are read of a text, and how each is chosen. */
static void check_list(const char *mark, const char *text, const char *wanted) {
  const struct nomem__test_framework *framework = nomem__test_framework_of(mark, strlen(mark));
  struct nomem__test_names names = {0};
  char seen[1024] = "";
  assert_non_null(framework);
  nomem__test_names_read(&names, framework->format, text);
  for (size_t i = 0; i < names.count; i++) {
    char *filter = nomem__test_filter_make(framework, names.list[i].name);
    size_t used = strlen(seen);
    snprintf(seen + used, sizeof seen - used, "%s%s%s", i > 0 ? "; " : "", filter,
             names.list[i].is_repeated ? " twice" : "");
    free(filter);
  }
  assert_string_equal(seen, wanted);
  nomem__test_names_free(&names);
}

static void lists(void **state) {
  (void)state;
  check_list("..gtest_list_tests..",
             "Running main() from x.cc\nOne.\n  a\n  DISABLED_b\nDISABLED_Two.\n  c\nMore/Three.  # TypeParam = int\n"
             "  d/0  # GetParam() = 1\n",
             "--gtest_filter=One.a; --gtest_filter=More/Three.d/0");
  check_list("list-test-names-only", "adds, and removes\nhas [brackets]\n", "adds\\, and removes; has \\[brackets]");
  check_list("list-test-cases", "[doctest] listing all test case names\n=====\nadds, and removes\n=====\n[doctest] 1\n",
             "--test-case=adds\\, and removes");
  check_list("libcriterion.so", "core: 2 tests\n├── one\n└── two\nmore: 1 test\n`-- one\n",
             "--filter=core/one; --filter=core/two; --filter=more/one");
  check_list(
      "libboost_unit_test_framework.so.1",
      "core*: what matters\n    deep*\n        one*\n        two\n    three*\nalone*\noff\n    four\n    five*\n",
      "--run_test=core/deep/one; --run_test=core/three; --run_test=alone; --run_test=off/five");
  check_list(
      "libcheck.so",
      "Running suite(s): x\n100%\na.c:1:P:core:t1:0: Passed\na.c:9:P:core:t2:0: Passed\nb.c:2:P:io:t:0: Passed\n",
      "CK_RUN_CASE=core; CK_RUN_CASE=io");
  check_list("Output from process `%s`", "tcp_ping                  (helpers: tcp_server)\ntimer\n",
             "tcp_ping; timer twice");
  check_list("Specify tests by name, or using a prefix ending with '..'",
             "Known tests are:\n    main/methods\n    main/slow   (Off by default)\n    gone  (DISABLED)\n    last\n",
             "main/methods; last");
  check_list(" --no-fork Do not execute tests in a child process.  If", "/a/one\n/a/two\n", "/a/one; /a/two");
}

static void others(void **state) {
  (void)state;
  assert_null(nomem__test_framework_of("any program", 11));
  assert_null(nomem__test_framework_of("", 0));
  struct nomem__test_names names = {0};
  nomem__test_names_read(&names, NOMEM_LIST_GTEST, "  indented without a suite\nno dot\n  x\n");
  assert_int_equal(names.count, 0);
  nomem__test_names_free(&names);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(lists), cmocka_unit_test(others)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
