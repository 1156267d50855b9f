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
  static const char *const folders[] = {
      "test/",      "tests/",     "t/",          "testing/",      "testsuite/",  "testsuites/", "unittest/",
      "unittests/", "unit_test/", "unit_tests/", "unit-test/",    "unit-tests/", "selftest/",   "selftests/",
      "fuzz/",      "fuzzing/",   "fuzzers/",    "fuzz-targets/", "oss-fuzz/"};
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
  const char *const tests[] = {"test_x.c",   "src/test-x.c",    "src/x_test.cc",  "x-test.c",       "x_tests.c",
                               "x-tests.c",  "check_x.c",       "x_unittest.cpp", "x_unittests.cc", "unittest_x.c",
                               "unittest.c", "src/x_fuzzer.cc", "src/x-fuzzer.c", "x_fuzz.c",       "fuzz_target_x.c"};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    assert_int_equal(nomem__test_source(tests[i]), strlen(tests[i]));
}

/* Words that only have "test" in them say nothing: what is missed is looked at as code under test. */
static void test_others(void **state) {
  (void)state;
  const char *const names[] = {"src/x.c",   "contest/x.c",      "latest/x.c",    "src/test.c",
                               "attest.c",  "src/tester.c",     "testament/x.c", "src/x_test",
                               "t.c",       "test-results",     "check.c",       "checksum.c",
                               "",          "src/fuzz_match.c", "src/fuzzy.c",   "fuzzy/x.c",
                               "src/fuzz.c"};
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
                                         "unittests",  "runtest",   "runtests",    "tst_x",       "tst-x",
                                         "x_fuzzer",   "x-fuzz"};
  static const char *const no_programs[] = {"jq",          "contest",  "check",     "attest",
                                            "latest-news", "xcheck_x", "fuzz_match"};
  static const char *const libraries[] = {
      "libcmocka.so.0",     "libcheck.so.0",      "libsubunit.so.0",
      "libcunit.so.1",      "libgtest.so.1.12.1", "libgtest_main.so.1.12.1",
      "libgmock_main.so.1", "libunity.so",        "libunity2.so",
      "libcriterion.so.3",  "libboxfort.so.0",    "libCppUTest.so",
      "libQt5Test.so.5",    "libUnitTest++.so.2", "libboost_unit_test_framework.so.1.74.0"};
  static const char *const no_libraries[] = {"libuv.so.1", "libcheck.a", "libchecksum.so.1", "xlibgtest.so"};
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) assert_true(nomem__is_test_program(programs[i]));
  for (size_t i = 0; i < sizeof no_programs / sizeof *no_programs; i++)
    assert_false(nomem__is_test_program(no_programs[i]));
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) assert_true(nomem__is_test_library(libraries[i]));
  for (size_t i = 0; i < sizeof no_libraries / sizeof *no_libraries; i++)
    assert_false(nomem__is_test_library(no_libraries[i]));
}

/* A test framework's functions are known without debug information, too: by the beginning of their names, which of an
 * instance of a template stands behind the type that it returns. */
static void test_framework_functions(void **state) {
  (void)state;
  static const char *const functions[] = {
      "testing::Test::Run()",
      "_GLOBAL__sub_I__ZN5boost9unit_test6output22compiler_log_formatter9log_startERSom",
      "testing::AssertionResult testing::internal::CmpHelperEQ<int, int>(char const*, int const&)",
      "void testing::internal::(anonymous namespace)::Print<std::pair<int, int> >(int)",
      "Catch::Session::run()",
      "doctest::Context::run()",
      "CommandLineTestRunner::runAllTests()",
      "TestMemoryAllocator::alloc_memory(unsigned long, char const*, unsigned long)",
      "MemoryLeakWarningPlugin::MemoryLeakWarningPlugin(SimpleString const&, MemoryLeakDetector*)",
      "boost::unit_test::framework::run(bool)",
      "std::ostream& doctest::operator<< <int>(std::ostream&, int)",
      "cmocka_run_one_test_or_fixture",
      "_cmocka_run_group_tests",
      "_assert_int_equal",
      "criterion_run_all_tests",
      "munit_suite_main",
      "UnityAssertEqualNumber",
      "srunner_run_all",
      "suite_create",
      "tcase_add_test",
      "CU_run_all_tests",
      "test::run_test::hcb0a91ecd13d0e0e"};
  static const char *const others[] = {"main",
                                       "parse(testing::Case const&)",
                                       "my::testing::run()",
                                       "make<Catch::Session>(int)",
                                       "unity_of_all",
                                       "create_suite",
                                       "check_all",
                                       "attest_run",
                                       "test::vector",
                                       "fuzz",
                                       ""};
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    assert_non_null(nomem__framework_function(functions[i]));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_null(nomem__framework_function(others[i]));
  assert_string_equal(nomem__framework_function("void testing::Print<a>(int)"), "testing::Print<a>(int)");
  assert_true(nomem__is_initialiser("_GLOBAL__sub_I_main") && !nomem__is_initialiser("GLOBAL_sub"));
  assert_true(nomem__is_fuzz_harness("LLVMFuzzerTestOneInput") && nomem__is_fuzz_harness("LLVMFuzzerInitialize"));
  assert_true(nomem__is_fuzz_harness("fuzzer::Fuzzer::ExecuteCallback(unsigned char const*, unsigned long)"));
  assert_true(nomem__is_output_function("printf") && nomem__is_output_function("__fprintf_chk"));
  assert_false(nomem__is_output_function("sprintf") || nomem__is_output_function("fclose"));
  assert_false(nomem__is_fuzz_harness("fuzzer_run") || nomem__is_fuzz_harness("run_LLVMFuzzer"));
}

/* So are those of a run-time that the compiler puts into the program. */
static void test_runtime_functions(void **state) {
  (void)state;
  static const char *const functions[] = {"std::vector<int>::push_back(int)",
                                          "alloc::vec::from_elem::h0123456789abcdef",
                                          "void std::vector<a>::_M_realloc_insert<a>(int)"};
  static const char *const others[] = {"core::parse(char*)", "alloc::take(int)", "my::std::f()",
                                       "use<std::string>(int)"};
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    assert_true(nomem__is_runtime_function(functions[i]));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(nomem__is_runtime_function(others[i]));
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
      cmocka_unit_test(test_folders),
      cmocka_unit_test(test_long_folders),
      cmocka_unit_test(test_files),
      cmocka_unit_test(test_others),
      cmocka_unit_test(test_frameworks),
      cmocka_unit_test(test_programs_and_libraries),
      cmocka_unit_test(test_patterns),
      cmocka_unit_test(test_framework_functions),
      cmocka_unit_test(test_runtime_functions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
