/* SPDX-License-Identifier: MIT */
/* What is taken for test code by its name, and what --under-test takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "explore/judge/test_names.h"
#include "plan.h"

/* A folder called like tests makes test code of all below it, and is what is named. */
static void test_folders(void **state) {
  (void)state;
  static const char *const folders[] = {"test/",       "tests/",      "t/",         "testing/",   "testsuite/",
                                        "testsuites/", "unittest/",   "unittests/", "unit_test/", "unit_tests/",
                                        "unit-test/",  "unit-tests/", "selftest/",  "selftests/"};
  char path[64];
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    snprintf(path, sizeof path, "%srun.c", folders[i]);
    assert_int_equal(nomem__test_source(path), strlen(folders[i]));
  }
  assert_int_equal(nomem__test_source("lib/tests/deep/one.c"), strlen("lib/tests/"));
}

/* A folder whose name is longer than any of those does not hide the ones below it. */
static void test_long_folders(void **state) {
  (void)state;
  static const char folder[] = "a-folder-with-a-name-that-is-longer-than-any-name-of-a-folder-of-tests/";
  char path[128];
  snprintf(path, sizeof path, "%stests/x.c", folder);
  assert_int_equal(nomem__test_source(path), strlen(folder) + strlen("tests/"));
  snprintf(path, sizeof path, "%sx.c", folder);
  assert_int_equal(nomem__test_source(path), 0);
}

/* A file called like a test is one, wherever it lies. */
static void test_files(void **state) {
  (void)state;
  const char *const tests[] = {"test_x.c",       "src/test-x.c", "src/x_test.cc", "x-test.c",
                               "x_tests.c",      "x-tests.c",    "check_x.c",     "x_unittest.cpp",
                               "x_unittests.cc", "unittest_x.c", "unittest.c"};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    assert_int_equal(nomem__test_source(tests[i]), strlen(tests[i]));
}

/* Words that only have "test" in them say nothing: what is missed is looked at as code under test. */
static void test_others(void **state) {
  (void)state;
  const char *const names[] = {
      "src/x.c", "contest/x.c",  "latest/x.c", "src/test.c", "attest.c", "src/tester.c", "testament/x.c", "src/x_test",
      "t.c",     "test-results", "check.c",    "checksum.c", ""};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_int_equal(nomem__test_source(names[i]), 0);
}

/* A test framework's sources are known by its name, of folder or file, wherever they lie. */
static void test_frameworks(void **state) {
  (void)state;
  static const char *const folders[] = {"googletest", "googlemock", "gtest",  "gmock",  "cmocka",
                                        "munit",      "tinytest",   "catch2", "doctest"};
  static const char *const files[] = {"munit.c",    "tinytest.c", "unity.c", "CuTest.c",  "acutest.h",
                                      "greatest.h", "minunit.h",  "utest.h", "catch.hpp", "doctest.h"};
  char path[64];
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    int length = snprintf(path, sizeof path, "/usr/src/%s/", folders[i]);
    strcat(path, "src/x.cc");
    assert_int_equal(nomem__framework_source(path), length);
  }
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    int length = snprintf(path, sizeof path, "tests/%s", files[i]);
    assert_int_equal(nomem__framework_source(path), length);
  }
  static const char *const others[] = {"src/community.c", "tests/x.c", "src/catch.h", "src/doctest.c", "lib/unit/x.c"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_int_equal(nomem__framework_source(others[i]), 0);
}

static void test_programs_and_libraries(void **state) {
  (void)state;
  static const char *const programs[] = {"test_array", "tests",     "parser_test", "parser-test", "x_tests",
                                         "x-tests",    "uv_test_a", "uv_tests_a",  "check_x",     "x_unittest",
                                         "unittests",  "runtest",   "runtests",    "tst_x",       "tst-x"};
  static const char *const no_programs[] = {"jq", "contest", "check", "attest", "latest-news", "xcheck_x"};
  static const char *const libraries[] = {"libcmocka.so.0",     "libcheck.so.0",      "libsubunit.so.0",
                                          "libcunit.so.1",      "libgtest.so.1.12.1", "libgtest_main.so.1.12.1",
                                          "libgmock_main.so.1", "libunity.so",        "libunity2.so"};
  static const char *const no_libraries[] = {"libuv.so.1", "libcheck.a", "libchecksum.so.1", "xlibgtest.so"};
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) assert_true(nomem__is_test_program(programs[i]));
  for (size_t i = 0; i < sizeof no_programs / sizeof *no_programs; i++)
    assert_false(nomem__is_test_program(no_programs[i]));
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) assert_true(nomem__is_test_library(libraries[i]));
  for (size_t i = 0; i < sizeof no_libraries / sizeof *no_libraries; i++)
    assert_false(nomem__is_test_library(no_libraries[i]));
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
  char globs[NOMEM_PLAN_NAME_BYTES + 3]; /* the longest pattern that there is room for, and another one behind it */
  memset(globs, '*', NOMEM_PLAN_NAME_BYTES - 1);
  strcpy(globs + NOMEM_PLAN_NAME_BYTES - 1, ",y");
  assert_true(nomem__is_under_test(globs, NULL, "x"));
  memset(globs, '*', NOMEM_PLAN_NAME_BYTES);
  strcpy(globs + NOMEM_PLAN_NAME_BYTES, ",y");
  assert_false(nomem__is_under_test(globs, NULL, "x"));
  assert_true(nomem__is_under_test(globs, NULL, "y"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_folders),    cmocka_unit_test(test_long_folders),
      cmocka_unit_test(test_files),      cmocka_unit_test(test_others),
      cmocka_unit_test(test_frameworks), cmocka_unit_test(test_programs_and_libraries),
      cmocka_unit_test(test_patterns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
