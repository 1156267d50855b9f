/* SPDX-License-Identifier: MIT */
/* nomem_check, on functions with planted bugs and on their mended twins. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/nomem.h"
#include "../../lib/uv_alloc.h"

static int check(nomem_check_func function, struct nomem_check_result *result) {
  return nomem_check(function, NULL, 0, result);
}

/* Two blocks, the second one in one of two ways; what was taken is given back on every way out. */
static int clean(void *unused) {
  (void)unused;
  char *first = uv__malloc(10);
  if (first == NULL) return -ENOMEM;
  char *second = uv__malloc(20);
  if (second == NULL) second = uv__malloc(1);
  uv__free(first);
  if (second == NULL) return -ENOMEM;
  uv__free(second);
  return 0;
}

/* Nothing is found, and each point was tried: two runs before, and four for each of two calls. */
static void no_problem(void **state) {
  struct nomem_check_result result;
  (void)state;
  assert_int_equal(check(clean, &result), 0);
  assert_int_equal(result.problem, NOMEM_NO_PROBLEM);
  assert_int_equal(result.calls, 2);
  assert_int_equal(result.runs, 2 + 4 * 2);
  assert_string_equal(result.plan, "nth=2..");
}

static int fails_always(void *unused) {
  (void)unused;
  uv__free(uv__malloc(1));
  return 7;
}

/* A failure that is reported though nothing failed ends it at once. */
static void false_report(void **state) {
  struct nomem_check_result result;
  (void)state;
  assert_int_equal(check(fails_always, &result), 1);
  assert_int_equal(result.problem, NOMEM_FALSE_REPORT);
  assert_int_equal(result.returned, 7);
  assert_string_equal(result.plan, "");
  assert_int_equal(result.runs, 1);
}

struct unstable {
  unsigned run, fails_at;
};

/* Makes two calls twice, and one after that: the plan for the second one is not reached. May fail in one run. */
static int unstable(void *arg) {
  struct unstable *self = arg;
  unsigned calls = ++self->run <= 2 ? 2 : 1;
  bool failed = false;
  for (unsigned i = 0; i < calls; i++) {
    char *block = uv__malloc(1);
    failed |= block == NULL;
    uv__free(block);
  }
  return failed || self->run == self->fails_at ? -1 : 0;
}

/* Where nothing was failed there is nothing to come after it, and a failure that is reported is false. */
static void plans_that_are_not_reached(void **state) {
  struct nomem_check_result result;
  struct unstable self = {0};
  (void)state;
  assert_int_equal(nomem_check(unstable, &self, 0, &result), 0);
  assert_int_equal(result.runs, 2 + 4 + 2); /* no second run after nothing was failed */
  self = (struct unstable){.fails_at = 2 + 4 + 1};
  assert_int_equal(nomem_check(unstable, &self, 0, &result), 1);
  assert_int_equal(result.problem, NOMEM_FALSE_REPORT);
  assert_string_equal(result.plan, "nth=2");
}

static bool is_ready, has_failed;

/* Remembers that it failed. */
static int sticky(void *arg) {
  const bool *mended = arg;
  if (has_failed) return -ENOMEM;
  char *first = uv__malloc(1), *block = uv__malloc(100);
  uv__free(first);
  if (block == NULL && mended == NULL) has_failed = true;
  if (block == NULL) return -ENOMEM;
  is_ready = true;
  uv__free(block);
  return 0;
}

/* The function that remembers a failure fails again without one; its twin does not. */
static void sticky_failure(void **state) {
  struct nomem_check_result result;
  (void)state;
  has_failed = false;
  assert_int_equal(check(sticky, &result), 1);
  assert_int_equal(result.problem, NOMEM_STICKY);
  assert_int_equal(result.returned, -ENOMEM);
  assert_string_equal(result.plan, "nth=1.."); /* the first one alone is not the one that is remembered */
  has_failed = false;
  assert_int_equal(nomem_check(sticky, &is_ready, 0, &result), 0);
}

/* Forgets its first block when the second one cannot be had. */
static int leaky(void *arg) {
  const bool *mended = arg;
  char *first = uv__malloc(100);
  if (first == NULL) return -ENOMEM;
  char *second = uv__malloc(20);
  if (second == NULL && mended == NULL) return -ENOMEM;
  uv__free(first);
  uv__free(second);
  return second != NULL ? 0 : -ENOMEM;
}

/* What is left each time a call fails is a leak. */
static void leak(void **state) {
  struct nomem_check_result result;
  bool mended = true;
  (void)state;
  assert_int_equal(check(leaky, &result), 1);
  assert_int_equal(result.problem, NOMEM_LEAK);
  assert_string_equal(result.plan, "nth=2");
  assert_in_range(result.leaked_bytes, 100, 200);
  assert_int_equal(nomem_check(leaky, &mended, 0, &result), 0);
}

static char *cache, *spare;

/* Keeps a block for next time; and another one, once, when it was short of memory. */
static int caching(void *unused) {
  (void)unused;
  if (cache == NULL) cache = uv__malloc(100);
  if (cache == NULL) return -ENOMEM;
  char *block = uv__malloc(10);
  if (block == NULL && spare == NULL) spare = uv__malloc(50);
  uv__free(block);
  return block != NULL ? 0 : -ENOMEM;
}

/* What is kept once is none. */
static void a_cache_is_no_leak(void **state) {
  struct nomem_check_result result;
  (void)state;
  assert_int_equal(check(caching, &result), 0);
  assert_non_null(spare);
  uv__free(cache);
  uv__free(spare);
}

static int many(void *unused) {
  (void)unused;
  bool failed = false;
  for (int i = 0; i < 50; i++) {
    void *block = uv__malloc(1);
    failed |= block == NULL;
    uv__free(block);
  }
  return failed ? -ENOMEM : 0;
}

/* No more calls are failed than was said. */
static void bounded(void **state) {
  struct nomem_check_result result;
  (void)state;
  assert_int_equal(nomem_check(many, NULL, 12, &result), 0);
  assert_int_equal(result.calls, 50);
  assert_int_equal(result.runs, 2 + 4 * 12);
  assert_string_equal(result.plan, "nth=12..");
}

/* Refused: nothing to try, nowhere to say so, and within a scope. */
static void misuse(void **state) {
  struct nomem_check_result result;
  (void)state;
  assert_int_equal(nomem_check(NULL, NULL, 0, &result), -EINVAL);
  assert_int_equal(nomem_check(clean, NULL, 0, NULL), -EINVAL);
  assert_int_equal(nomem_begin("", NULL), 0);
  assert_int_equal(nomem_check(clean, NULL, 0, &result), -EBUSY);
  nomem_end(NULL);
}

/* Where block sizes are not known the rest is found all the same, and no leak is made up. */
static void without_sizes(void **state) {
  struct nomem_check_result result;
  (void)state;
  assert_int_equal(nomem_install_over(uv_replace_allocator, malloc, realloc, calloc, free, NULL), 0);
  assert_int_equal(check(leaky, &result), 0);
  has_failed = false;
  assert_int_equal(check(sticky, &result), 1);
  assert_int_equal(nomem_install(uv_replace_allocator), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_problem),     cmocka_unit_test(false_report), cmocka_unit_test(plans_that_are_not_reached),
      cmocka_unit_test(sticky_failure), cmocka_unit_test(leak),         cmocka_unit_test(a_cache_is_no_leak),
      cmocka_unit_test(bounded),        cmocka_unit_test(misuse),       cmocka_unit_test(without_sizes),
  };
  if (nomem_install(uv_replace_allocator) != 0) return 1;
  return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
