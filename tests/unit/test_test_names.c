/* SPDX-License-Identifier: MIT */
/* What is taken for test code by its name, and what --under-test takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "explore/judge/test_names.h"

/* A folder called like tests makes test code of all below it, and is what is named. */
static void test_folders(void **state) {
  (void)state;
  assert_int_equal(nomem__test_source("test/run.c"), strlen("test/"));
  assert_int_equal(nomem__test_source("lib/tests/deep/one.c"), strlen("lib/tests/"));
  assert_int_equal(nomem__test_source("t/basic.c"), strlen("t/"));
  assert_int_equal(nomem__test_source("unit-tests/x.c"), strlen("unit-tests/"));
}

/* A file called like a test is one, wherever it lies. */
static void test_files(void **state) {
  (void)state;
  const char *const tests[] = {"test_x.c",  "src/test-x.c", "src/x_test.cc",  "x-test.c",
                               "x_tests.c", "check_x.c",    "x_unittest.cpp", "unittest.c"};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    assert_int_equal(nomem__test_source(tests[i]), strlen(tests[i]));
}

/* Words that only have "test" in them say nothing: what is missed is looked at as code under test. */
static void test_others(void **state) {
  (void)state;
  const char *const names[] = {"src/x.c",      "contest/x.c",   "latest/x.c", "src/test.c", "attest.c",
                               "src/tester.c", "testament/x.c", "src/x_test", "t.c",        ""};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_int_equal(nomem__test_source(names[i]), 0);
}

/* A test framework's sources are known by its name, of folder or file, wherever they lie. */
static void test_frameworks(void **state) {
  (void)state;
  assert_int_equal(nomem__framework_source("/usr/src/googletest/src/gtest.cc"), strlen("/usr/src/googletest/"));
  assert_int_equal(nomem__framework_source("tests/munit.c"), strlen("tests/munit.c"));
  assert_int_equal(nomem__framework_source("lib/tinytest/tinytest.c"), strlen("lib/tinytest/"));
  assert_int_equal(nomem__framework_source("src/community.c"), 0);
  assert_int_equal(nomem__framework_source("tests/x.c"), 0);
}

static void test_programs_and_libraries(void **state) {
  (void)state;
  assert_true(nomem__is_test_program("uv_run_tests_a"));
  assert_true(nomem__is_test_program("test_array"));
  assert_true(nomem__is_test_program("parser-test"));
  assert_false(nomem__is_test_program("jq"));
  assert_false(nomem__is_test_program("contest"));
  assert_true(nomem__is_test_library("libcmocka.so.0"));
  assert_false(nomem__is_test_library("libuv.so.1"));
}

/* A pattern holds for the module's name, the whole path, or its end from any folder on; not for a part of a word. */
static void test_patterns(void **state) {
  (void)state;
  assert_true(nomem__is_under_test("src/*", "/home/u/x/src/unix/core.c", "program"));
  assert_true(nomem__is_under_test("lib/*,src/*", "src/core.c", "program"));
  assert_true(nomem__is_under_test("core.c", "src/core.c", "program"));
  assert_true(nomem__is_under_test("libuv.so*", NULL, "libuv.so.1"));
  assert_true(nomem__is_under_test("*", NULL, "program"));
  assert_false(nomem__is_under_test("src/*", "/home/u/x/mysrc/core.c", "program"));
  assert_false(nomem__is_under_test("src/*", NULL, "program"));
  assert_false(nomem__is_under_test("libuv.so*", "libuv/core.c", "libuvw.so.1"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_folders),
      cmocka_unit_test(test_files),
      cmocka_unit_test(test_others),
      cmocka_unit_test(test_frameworks),
      cmocka_unit_test(test_programs_and_libraries),
      cmocka_unit_test(test_patterns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
