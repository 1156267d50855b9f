/* SPDX-License-Identifier: MIT */
#include "test_names.h"

#include <string.h>

#include "../../plan.h"
#include "../../program_kinds.h"

static bool matches_any(const char *const *globs, const char *name) {
  for (; *globs != NULL; globs++)
    if (nomem__glob(*globs, name)) return true;
  return false;
}

/* How many bytes of a path it is to the end of the first folder that matches, with its slash; 0: none does, and *rest
 * is the file's name. */
static size_t folder_bytes(const char *const *globs, const char *path, const char **rest) {
  *rest = path;
  for (const char *slash; (slash = strchr(*rest, '/')) != NULL; *rest = slash + 1) {
    char folder[64];
    size_t length = (size_t)(slash - *rest);
    if (length >= sizeof folder) continue;
    memcpy(folder, *rest, length);
    folder[length] = '\0';
    if (matches_any(globs, folder)) return (size_t)(slash + 1 - path);
  }
  return 0;
}

size_t nomem__test_source(const char *path) {
  static const char *const folders[] = {"test",       "tests",      "t",          "testing",      "testsuite",
                                        "testsuites", "unittest",   "unittests",  "unit_test*",   "unit-test*",
                                        "selftest*",  "fuzz",       "fuzzing",    "fuzzer",       "fuzzers",
                                        "fuzztest*",  "fuzz_test*", "fuzz-test*", "fuzz_target*", "fuzz-target*",
                                        "oss-fuzz*",  "ossfuzz*",   NULL};
  static const char *const names[] = {
      "test_*.?*",  "test-*.?*",    "*_test.?*",       "*-test.?*",       "*_tests.?*",  "*-tests.?*",
      "check_*.?*", "*unittest.?*", "*unittests.?*",   "unittest*.?*",    "*_fuzzer.?*", "*-fuzzer.?*",
      "*_fuzz.?*",  "*-fuzz.?*",    "fuzz_target*.?*", "fuzz-target*.?*", NULL};
  const char *name;
  size_t bytes = folder_bytes(folders, path, &name);
  if (bytes > 0) return bytes;
  return matches_any(names, name) ? strlen(path) : 0;
}

size_t nomem__framework_source(const char *path) {
  static const char *const folders[] = {"googletest", "googlemock", "gtest",  "gmock",   "cmocka",
                                        "munit",      "tinytest",   "catch2", "doctest", NULL};
  static const char *const names[] = {"munit.?",   "tinytest.?", "unity.?",   "CuTest.?",  "acutest.h", "greatest.h",
                                      "minunit.h", "utest.h",    "catch.hpp", "doctest.h", NULL};
  const char *name;
  size_t bytes = folder_bytes(folders, path, &name);
  if (bytes > 0) return bytes;
  return matches_any(names, name) ? strlen(path) : 0;
}

bool nomem__is_test_program(const char *base_name) {
  static const char *const names[] = {"test*",     "*_test",   "*-test",     "*_tests",  "*-tests", "*_test_*",
                                      "*_tests_*", "check_*",  "*unittest*", "runtest*", "tst_*",   "tst-*",
                                      "*_fuzzer",  "*-fuzzer", "*_fuzz",     "*-fuzz",   NULL};
  return matches_any(names, base_name);
}

bool nomem__is_test_library(const char *base_name) {
  static const char *const names[] = {"libcmocka.so*",
                                      "libcheck.so*",
                                      "libsubunit.so*",
                                      "libcunit.so*",
                                      "libgtest*.so*",
                                      "libgmock*.so*",
                                      "libunity*.so*",
                                      "libcriterion.so*",
                                      "libboxfort.so*",
                                      "libCppUTest*.so*",
                                      "libCatch2*.so*",
                                      "libmunit.so*",
                                      "libboost_unit_test_framework*.so*",
                                      "libboost_prg_exec_monitor*.so*",
                                      "libcppunit*.so*",
                                      "libUnitTest++*.so*",
                                      "libQt?Test.so*",
                                      "libcgreen*.so*",
                                      "libsnitch*.so*",
                                      "libcutter.so*",
                                      NULL};
  return matches_any(names, base_name);
}

/* Where the name of a function begins: that of an instance of a function template stands behind the type that it
 * returns. */
static const char *skip_return_type(const char *function) {
  static const char anonymous[] = "(anonymous namespace)";
  const char *name = function;
  unsigned depth = 0;
  for (const char *c = function; *c != '\0' && (*c != '(' || depth > 0); c++) {
    if (depth == 0 && *c == ' ') name = c + 1;
    if (strchr("<(", *c) != NULL) depth++;
    if (strchr(">)", *c) != NULL && depth > 0) depth--;
    if (depth == 0 && strncmp(c + 1, anonymous, strlen(anonymous)) == 0) c += strlen(anonymous);
  }
  return name;
}

const char *nomem__framework_function(const char *function) {
  static const char *const names[] = {"testing::*",
                                      "Catch::*",
                                      "doctest::*",
                                      "snitch::*",
                                      "boost::unit_test::*",
                                      "boost::test_tools::*",
                                      "CppUnit::*",
                                      "UnitTest::*",
                                      "QTest::*",
                                      "cgreen::*",
                                      "CommandLineTestRunner::*",
                                      "TestRegistry::*",
                                      "UtestShell::*",
                                      "Utest::*",
                                      "MemoryLeakDetector::*",
                                      "MemoryLeakAllocator::*",
                                      "MemoryLeakWarningPlugin::*",
                                      "TestMemoryAllocator::*",
                                      "PlatformSpecific*",
                                      "MockSupport*::*",
                                      "MockNamedValue*::*",
                                      "Mock*Call::*",
                                      "cpputest_*",
                                      "test::run_test*",
                                      "test::test_main*",
                                      "test::__rust_*",
                                      "test::assert_test_result*",
                                      "cmocka_*",
                                      "_cmocka_*",
                                      "_assert_*",
                                      "_expect_*",
                                      "_will_return",
                                      "criterion_*",
                                      "munit_*",
                                      "UnityBegin",
                                      "UnityEnd",
                                      "UnityAssert*",
                                      "UnityPrint*",
                                      "UnityFail",
                                      "UnityDefaultTestRun",
                                      "srunner_*",
                                      "suite_create",
                                      "suite_add_tcase",
                                      "tcase_*",
                                      "_tcase_*",
                                      "_ck_assert_*",
                                      "CuTest*",
                                      "CuSuite*",
                                      "CuAssert*",
                                      "CU_*",
                                      "g_test_*",
                                      "abts_*",
                                      "acutest_*",
                                      "tinytest_*",
                                      "greatest_*",
                                      NULL};
  /* Where a file of tests has all of a framework in it, the function that initialises its variables is named, mangled,
   * after the first of the framework's. */
  static const char *const initialisers[] = {"_GLOBAL__sub_I__ZN5boost9unit_test*", "_GLOBAL__sub_I__ZN7testing*",
                                             "_GLOBAL__sub_I__ZN5Catch*", "_GLOBAL__sub_I__ZN7doctest*", NULL};
  if (matches_any(initialisers, function)) return function;
  const char *name = skip_return_type(function);
  return matches_any(names, name) ? name : NULL;
}

bool nomem__is_initialiser(const char *function) {
  static const char *const names[] = {"_GLOBAL__sub_I_*", "__static_initialization_and_destruction_*",
                                      "__cxx_global_var_init*", NULL};
  return matches_any(names, function);
}

bool nomem__is_fuzz_harness(const char *function) {
  static const char *const names[] = {"LLVMFuzzer*", "fuzzer::*", NULL};
  return matches_any(names, function);
}

bool nomem__is_runtime_function(const char *function) {
  static const char *const cpp[] = {"std::*", "__gnu_cxx::*", NULL};
  static const char *const rust[] = {"core::*", "alloc::*", NULL}; /* with a hash, which no name of C++ has */
  return matches_any(cpp, skip_return_type(function)) ||
         (matches_any(rust, function) && nomem__glob("*::h????????????????", function));
}

bool nomem__is_output_function(const char *function) {
  static const char *const names[] = {
      "printf",        "fprintf",        "vprintf", "vfprintf", "dprintf", "__printf_chk",
      "__fprintf_chk", "__vfprintf_chk", "puts",    "fputs",    "putchar", "putc",
      "fputc",         "fwrite",         "fflush",  "perror",   NULL};
  return matches_any(names, function);
}

static bool matches_below(const char *glob, const char *path) {
  while (path != NULL) {
    if (nomem__glob(glob, path)) return true;
    path = strchr(path, '/');
    if (path != NULL) path++;
  }
  return false;
}

bool nomem__is_under_test(const char *globs, const char *path, const char *module) {
  while (*globs != '\0') {
    char glob[NOMEM_PLAN_NAME_BYTES];
    size_t length = strcspn(globs, ",");
    if (length < sizeof glob) {
      memcpy(glob, globs, length);
      glob[length] = '\0';
      if (nomem__glob(glob, module) || matches_below(glob, path)) return true;
    }
    globs += length + (globs[length] == ',');
  }
  return false;
}
