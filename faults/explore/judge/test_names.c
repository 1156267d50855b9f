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
  static const char *const folders[] = {"test",     "tests",     "t",          "testing",    "testsuite", "testsuites",
                                        "unittest", "unittests", "unit_test*", "unit-test*", "selftest*", NULL};
  static const char *const names[] = {"test_*.?*",     "test-*.?*",    "*_test.?*",  "*-test.?*",
                                      "*_tests.?*",    "*-tests.?*",   "check_*.?*", "*unittest.?*",
                                      "*unittests.?*", "unittest*.?*", NULL};
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
  static const char *const names[] = {"test*",    "*_test",    "*-test",  "*_tests",    "*-tests",
                                      "*_test_*", "*_tests_*", "check_*", "*unittest*", "runtest*",
                                      "tst_*",    "tst-*",     NULL};
  return matches_any(names, base_name);
}

bool nomem__is_test_library(const char *base_name) {
  static const char *const names[] = {"libcmocka.so*", "libcheck.so*",  "libsubunit.so*", "libcunit.so*",
                                      "libgtest*.so*", "libgmock*.so*", "libunity*.so*",  NULL};
  return matches_any(names, base_name);
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
