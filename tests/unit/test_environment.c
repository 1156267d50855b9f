/* SPDX-License-Identifier: MIT */
/* The environment of a program under test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/run/environment.h"
#include "../../faults/explore/run/run_setup.h"

#define PRELOAD "/lib/libnomem-preload.so"

static struct nomem__environment environment;

static int set_up(void **state) {
  (void)state;
  environment = (struct nomem__environment){0};
  unsetenv("LD_PRELOAD");
  unsetenv("GLIBC_TUNABLES");
  unsetenv("ASAN_OPTIONS");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  nomem__environment_free(&environment);
  return 0;
}

static void make(const char *preload) {
  const struct nomem__run_setup setup = {.preload = preload, .trace = true};
  nomem__environment_make(&environment, &setup, "/channel");
}

/* The value of the only entry with this name; NULL: there is none. */
static const char *value_of(char *const *entries, const char *name) {
  const char *value = NULL;
  size_t length = strlen(name);
  for (; *entries != NULL; entries++) {
    if (strncmp(*entries, name, length) != 0 || (*entries)[length] != '=') continue;
    assert_null(value);
    value = *entries + length + 1;
  }
  return value;
}

static void expect(char *const *entries, const char *name, const char *value) {
  assert_non_null(value_of(entries, name));
  assert_string_equal(value_of(entries, name), value);
}

/* What measures its own coverage leaves the data where that of such runs belongs, whatever the command has itself. */
static void coverage(void **state) {
  (void)state;
  const struct nomem__run_setup setup = {.preload = PRELOAD, .trace = true, .coverage = "/cover"};
  setenv("GCOV_PREFIX", "/elsewhere", 1);
  make(PRELOAD);
  expect(environment.plain, "GCOV_PREFIX", "/elsewhere");
  nomem__environment_choose_coverage(&environment, NOMEM_COVERAGE_FAILURES); /* there is none */
  expect(environment.plain, "GCOV_PREFIX", "/elsewhere");
  nomem__environment_free(&environment);
  environment = (struct nomem__environment){0};
  nomem__environment_make(&environment, &setup, "/channel");
  expect(environment.plain, "GCOV_PREFIX", "/cover/baseline");
  expect(environment.checked, "LLVM_PROFILE_FILE", "/cover/baseline/%m.profraw");
  nomem__environment_choose_coverage(&environment, NOMEM_COVERAGE_FAILURES);
  expect(environment.plain, "LLVM_PROFILE_FILE", "/cover/failures/%m.profraw");
  expect(environment.checked, "GCOV_PREFIX", "/cover/failures");
  nomem__environment_choose_coverage(&environment, NOMEM_COVERAGE_BASELINE);
  expect(environment.plain, "GCOV_PREFIX", "/cover/baseline");
  unsetenv("GCOV_PREFIX");
}

/* The injector is preloaded before what the user preloads. */
static void preload(void **state) {
  (void)state;
  make(PRELOAD);
  expect(environment.plain, "LD_PRELOAD", PRELOAD);
  expect(environment.plain, "NOMEM_CHANNEL", "/channel");
}

static void preload_of_user(void **state) {
  (void)state;
  setenv("LD_PRELOAD", "/lib/users.so", 1);
  make(PRELOAD);
  expect(environment.plain, "LD_PRELOAD", PRELOAD ":/lib/users.so");
  expect(environment.forked, "LD_PRELOAD", PRELOAD ":/lib/users.so");
}

/* However long that is. */
static void long_preload_of_user(void **state) {
  static char users[20000], all[sizeof users + sizeof PRELOAD];
  (void)state;
  for (size_t i = 0; i < sizeof users - 1; i += 10) memcpy(users + i, "/lib/x.so:", 10);
  memcpy(users + sizeof users - 10, "/last.so", 9);
  setenv("LD_PRELOAD", users, 1);
  make(PRELOAD);
  snprintf(all, sizeof all, "%s:%s", PRELOAD, users);
  expect(environment.plain, "LD_PRELOAD", all);
  expect(environment.forked, "LD_PRELOAD", all);
}

/* Of a command that is run by nomem itself, for instance. */
static void preload_of_ours(void **state) {
  (void)state;
  setenv("LD_PRELOAD", PRELOAD, 1);
  setenv("NOMEM_CHANNEL", "/channel/of/another", 1);
  setenv("NOMEM_PLAN", "nth=1", 1);
  make(PRELOAD);
  expect(environment.plain, "LD_PRELOAD", PRELOAD);
  expect(environment.plain, "NOMEM_CHANNEL", "/channel");
  assert_null(value_of(environment.plain, "NOMEM_PLAN"));
  unsetenv("NOMEM_PLAN");
  unsetenv("NOMEM_CHANNEL");
}

/* A program that is linked with the injector keeps the user's preloads, and has none of its own. */
static void linked(void **state) {
  (void)state;
  setenv("LD_PRELOAD", "/lib/users.so", 1);
  make(NULL);
  expect(environment.plain, "LD_PRELOAD", "/lib/users.so");
}

static void linked_without(void **state) {
  (void)state;
  make(NULL);
  assert_null(value_of(environment.plain, "LD_PRELOAD"));
}

/* Sanitizers look for leaks only in the environment that is made for that; the user's options are in each. */
static void sanitizers(void **state) {
  (void)state;
  setenv("ASAN_OPTIONS", "users=1", 1);
  make(PRELOAD);
  assert_non_null(strstr(value_of(environment.plain, "ASAN_OPTIONS"), "detect_leaks=0"));
  assert_non_null(strstr(value_of(environment.forked, "ASAN_OPTIONS"), "detect_leaks=0"));
  assert_null(strstr(value_of(environment.checked, "ASAN_OPTIONS"), "detect_leaks=0"));
  assert_non_null(strstr(value_of(environment.plain, "ASAN_OPTIONS"), ":users=1:"));
  assert_non_null(strstr(value_of(environment.checked, "ASAN_OPTIONS"), ":users=1:"));
}

/* What is forked has its symbols bound before, and huge pages if that is wanted; the tunables of the user stay. */
static void forked(void **state) {
  (void)state;
  make(PRELOAD);
  expect(environment.forked, "LD_BIND_NOW", "1");
  assert_null(value_of(environment.plain, "LD_BIND_NOW"));
  nomem__environment_use_huge_pages(&environment);
  expect(environment.forked, "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
  assert_null(value_of(environment.plain, "GLIBC_TUNABLES"));
  nomem__environment_use_huge_pages(&environment); /* once more changes nothing */
  expect(environment.forked, "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
}

static void tunables_of_user(void **state) {
  (void)state;
  setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=1", 1);
  make(PRELOAD);
  nomem__environment_use_huge_pages(&environment);
  expect(environment.forked, "GLIBC_TUNABLES", "glibc.malloc.arena_max=1:glibc.malloc.hugetlb=1");
  expect(environment.plain, "GLIBC_TUNABLES", "glibc.malloc.arena_max=1");
}

static void huge_pages_of_user(void **state) {
  (void)state;
  setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=2", 1);
  make(PRELOAD);
  nomem__environment_use_huge_pages(&environment);
  expect(environment.forked, "GLIBC_TUNABLES", "glibc.malloc.hugetlb=2");
}

/* An interpreter that is injected has what it needs, but for what the user has set. */
static void interpreters(void **state) {
  const struct nomem__run_setup setup = {.preload = PRELOAD, .image = "app, python3.11"};
  (void)state;
  unsetenv("PYTHONMALLOC");
  setenv("PYTHONHASHSEED", "7", 1);
  unsetenv("PERL_HASH_SEED");
  nomem__environment_make(&environment, &setup, "/channel");
  expect(environment.plain, "PYTHONMALLOC", "malloc");
  expect(environment.forked, "PYTHONMALLOC", "malloc");
  expect(environment.checked, "PYTHONMALLOC", "malloc");
  expect(environment.plain, "PYTHONHASHSEED", "7");
  assert_null(value_of(environment.plain, "PERL_HASH_SEED"));
  unsetenv("PYTHONHASHSEED");
}

static void no_interpreters(void **state) {
  (void)state;
  unsetenv("PYTHONMALLOC");
  make(PRELOAD);
  assert_null(value_of(environment.plain, "PYTHONMALLOC"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(preload, set_up, tear_down),
      cmocka_unit_test_setup_teardown(coverage, set_up, tear_down),
      cmocka_unit_test_setup_teardown(preload_of_user, set_up, tear_down),
      cmocka_unit_test_setup_teardown(long_preload_of_user, set_up, tear_down),
      cmocka_unit_test_setup_teardown(preload_of_ours, set_up, tear_down),
      cmocka_unit_test_setup_teardown(linked, set_up, tear_down),
      cmocka_unit_test_setup_teardown(linked_without, set_up, tear_down),
      cmocka_unit_test_setup_teardown(sanitizers, set_up, tear_down),
      cmocka_unit_test_setup_teardown(forked, set_up, tear_down),
      cmocka_unit_test_setup_teardown(tunables_of_user, set_up, tear_down),
      cmocka_unit_test_setup_teardown(huge_pages_of_user, set_up, tear_down),
      cmocka_unit_test_setup_teardown(interpreters, set_up, tear_down),
      cmocka_unit_test_setup_teardown(no_interpreters, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
