/* SPDX-License-Identifier: MIT */
/* The C interface, behind lib/'s uv_replace_allocator and the uv__malloc family. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/nomem.h"
#include "../../lib/uv_alloc.h"
#include "fixtures/scope.h"

static int install(void **state) {
  (void)state;
  return nomem_install(uv_replace_allocator);
}

static struct nomem_counters end(void) {
  struct nomem_counters counters;
  nomem_end(&counters);
  return counters;
}

/* True when the call failed as a fault does; its block is freed otherwise. */
static bool fails(void) {
  errno = 0;
  void *block = uv__malloc(10);
  bool failed = block == NULL;
  if (failed) assert_int_equal(errno, ENOMEM);
  uv__free(block);
  return failed;
}

/* A scope counts every call and free; the third call, and no other, fails. */
static void counts_and_fails(void **state) {
  (void)state;
  begin("nth=3");
  assert_false(fails());
  void *zeros = uv__calloc(3, 4);
  assert_non_null(zeros);
  assert_true(fails());
  void *grown = uv__realloc(zeros, 100);
  assert_non_null(grown);
  uv__free(grown);
  uv__free(NULL);
  struct nomem_counters counters = end();
  assert_int_equal(counters.calls, 4);
  assert_int_equal(counters.faults, 1);
  assert_in_range(counters.frees, 2, 4); /* uv__free may keep NULL to itself */
}

/* Without a scope nothing fails or counts, before and after; the last scope can still be read. */
static void only_within_a_scope(void **state) {
  (void)state;
  begin("nth=1..");
  assert_true(fails());
  struct nomem_counters ended = end(), again, read;
  for (int i = 0; i < 10; i++) assert_false(fails());
  nomem_end(&again);
  assert_int_equal(again.calls + again.frees + again.faults, 0);
  nomem_read(&read);
  assert_memory_equal(&read, &ended, sizeof read);
}

/* Each scope begins its counters, and its plan's, anew. */
static void scopes_are_independent(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    begin("nth=2");
    assert_false(fails());
    assert_true(fails());
    assert_false(fails());
    assert_int_equal(end().calls, 3);
  }
}

/* A failed realloc leaves the block and what is in it; freeing by size 0 cannot fail. */
static void failed_realloc(void **state) {
  (void)state;
  char *block = uv__malloc(64);
  memset(block, 7, 64);
  begin("fn=realloc");
  errno = 0;
  assert_null(uv__realloc(block, 128));
  assert_int_equal(errno, ENOMEM);
  for (int i = 0; i < 64; i++) assert_int_equal(block[i], 7);
  assert_null(uv__realloc(NULL, 5));
  assert_int_equal(end().faults, 2);
  begin("nth=1..");
  uv__free(uv__realloc(block, 0));
  assert_int_equal(end().faults, 0);
}

/* A product that overflows fails with or without a scope, and is no fault of the plan. */
static void calloc_overflow(void **state) {
  (void)state;
  volatile size_t half = SIZE_MAX / 2 + 1;
  errno = 0;
  assert_null(uv__calloc(half, 2));
  assert_int_equal(errno, ENOMEM);
  begin("");
  assert_null(uv__calloc(half, 2));
  struct nomem_counters counters = end();
  assert_int_equal(counters.faults, 0);
  assert_int_equal(counters.calls, 0);
}

/* free keeps errno and never fails, whatever the plan. */
static void free_is_left_alone(void **state) {
  (void)state;
  void *block = uv__malloc(10);
  begin("nth=1..");
  errno = EDOM;
  uv__free(block);
  assert_int_equal(errno, EDOM);
  assert_int_equal(end().faults, 0);
}

/* A plan that cannot be read opens no scope and says where and why; the next can begin. */
static void bad_plans(void **state) {
  (void)state;
  struct nomem_error error = {0};
  assert_int_equal(nomem_begin("nth=1 nonsense=2", &error), -EINVAL);
  assert_int_equal(error.column, 7);
  assert_true(strlen(error.reason) > 0 && strchr(error.reason, '\n') == NULL);
  assert_int_equal(nomem_begin("nth=", NULL), -EINVAL);
  assert_int_equal(nomem_begin(NULL, &error), -EINVAL);
  assert_int_equal(error.column, 0);
  static char endless[5000];
  memset(endless, ' ', sizeof endless - 1);
  assert_int_equal(nomem_begin(endless, &error), -EINVAL);
  assert_false(fails());
  begin("nth=1");
  assert_true(fails());
}

/* A scope within a scope is refused, and the outer one goes on. */
static void one_scope_at_a_time(void **state) {
  (void)state;
  struct nomem_error error = {0};
  begin("nth=2");
  assert_false(fails());
  assert_int_equal(nomem_begin("", &error), -EBUSY);
  assert_true(strlen(error.reason) > 0);
  assert_true(fails());
  assert_int_equal(end().calls, 2);
}

/* Paused calls neither fail nor count; pauses nest; one resume too many is harmless. */
static void pauses(void **state) {
  (void)state;
  begin("nth=1..");
  assert_true(fails());
  nomem_pause();
  nomem_pause();
  assert_false(fails());
  nomem_resume();
  assert_false(fails());
  nomem_resume();
  nomem_resume();
  assert_true(fails());
  assert_int_equal(end().calls, 2);
}

static void *fails_in_thread(void *result) {
  *(bool *)result = fails();
  return NULL;
}

/* A pause is the calling thread's: another thread's calls fail meanwhile. */
static void a_pause_is_the_threads(void **state) {
  (void)state;
  pthread_t thread;
  bool failed = false;
  begin("nth=1..");
  nomem_pause();
  assert_int_equal(pthread_create(&thread, NULL, fails_in_thread, &failed), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_false(fails());
  nomem_resume();
  assert_true(failed);
}

#define THREADS 6
#define CALLS 3000

static void *many_calls(void *failed) {
  for (int i = 0; i < CALLS; i++) *(int *)failed += fails();
  return NULL;
}

/* Threads together make each call count once, and a burst fails as many calls as it says; with sites, too. */
static void threads(void **state) {
  (void)state;
  const char *plans[] = {"nth=1001..1100", "in=many_calls nth=1001..1100", "fn=malloc max=100"};
  for (size_t plan = 0; plan < sizeof plans / sizeof *plans; plan++) {
    pthread_t thread[THREADS];
    int failed[THREADS] = {0}, sum = 0;
    begin(plans[plan]);
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&thread[i], NULL, many_calls, &failed[i]), 0);
    for (int i = 0; i < THREADS; i++) {
      assert_int_equal(pthread_join(thread[i], NULL), 0);
      sum += failed[i];
    }
    struct nomem_counters counters = end();
    assert_int_equal(counters.calls, THREADS * CALLS);
    assert_int_equal(counters.faults, 100);
    assert_int_equal(sum, 100);
  }
}

/* A forked child's scope is its own copy: what it counts does not come back. */
static void a_child_has_its_own(void **state) {
  (void)state;
  begin("nth=2");
  assert_false(fails());
  pid_t pid = fork();
  if (pid == 0) _exit(fails() ? 42 : 1);
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(WEXITSTATUS(status), 42);
  struct nomem_counters counters;
  nomem_read(&counters);
  assert_int_equal(counters.calls, 1);
  assert_true(fails());
}

static void *nothing_at_all(size_t size) {
  (void)size;
  errno = 0;
  return NULL;
}

static void free_with_errno(void *block) {
  free(block);
  errno = EINVAL;
}

/* What the caller's allocator does to errno is counted, within a scope; the C library's does nothing to it. */
static void errno_of_the_allocator(void **state) {
  (void)state;
  begin("");
  uv__free(uv__malloc(10));
  assert_int_equal(end().errno_lost, 0);
  assert_int_equal(nomem_install_over(uv_replace_allocator, nothing_at_all, realloc, calloc, free_with_errno, NULL), 0);
  assert_null(uv__malloc(1));
  begin("");
  assert_null(uv__malloc(1));
  errno = 0;
  uv__free(uv__calloc(1, 1));
  assert_int_equal(end().errno_lost, 2);
  assert_int_equal(nomem_install(uv_replace_allocator), 0);
}

/* budget= fails what would go past it, and lets calls through again when blocks came back. */
static void budget(void **state) {
  (void)state;
  begin("budget=1000");
  void *first = uv__malloc(600);
  assert_non_null(first);
  assert_null(uv__malloc(600));
  uv__free(first);
  first = uv__malloc(600);
  assert_non_null(first);
  uv__free(first);
  assert_int_equal(end().faults, 1);
}

static int refuse_all(nomem_malloc_func a, nomem_realloc_func b, nomem_calloc_func c, nomem_free_func d) {
  (void)a, (void)b, (void)c, (void)d;
  return -EPERM;
}

static int used;
static void *used_malloc(size_t size) {
  used++;
  return malloc(size);
}

/* Bad arguments and a refusing replace function change nothing; over a user's allocator, that one serves the calls, and
 * budget= is refused unless it can tell sizes. */
static void installing(void **state) {
  (void)state;
  struct nomem_error error = {0};
  assert_int_equal(nomem_install(NULL), -EINVAL);
  assert_int_equal(nomem_install_over(uv_replace_allocator, NULL, realloc, calloc, free, NULL), -EINVAL);
  assert_int_equal(nomem_install(refuse_all), -EPERM);
  begin("budget=1M");
  nomem_end(NULL);
  assert_int_equal(nomem_install_over(uv_replace_allocator, used_malloc, realloc, calloc, free, NULL), 0);
  begin("nth=2");
  assert_false(fails());
  assert_true(fails());
  assert_int_equal(used, 1);
  nomem_end(NULL);
  assert_int_equal(nomem_begin("budget=1M", &error), -EINVAL);
  assert_non_null(strstr(error.reason, "size_of"));
  assert_int_equal(nomem_install(uv_replace_allocator), 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, end_scope)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(counts_and_fails), TEST(only_within_a_scope),    TEST(scopes_are_independent),
      TEST(failed_realloc),   TEST(calloc_overflow),        TEST(free_is_left_alone),
      TEST(bad_plans),        TEST(one_scope_at_a_time),    TEST(pauses),
      TEST(threads),          TEST(a_pause_is_the_threads), TEST(a_child_has_its_own),
      TEST(budget),           TEST(errno_of_the_allocator), TEST(installing),
  };
  return cmocka_run_group_tests(tests, install, NULL);
}
