/* SPDX-License-Identifier: MIT */
/* The pool that the first allocation makes, and the moments at which there is no pool. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixtures/pool.h"
#include "skip_because.h"

/* A test that hangs, or a child process of one, lives no longer. */
#define DEADLINE_SECONDS 300

enum { THREADS = 4, WAYS = 3 };

/* The ways to allocate without a block to begin with. */
static void *allocate(unsigned way, size_t size) {
  return way == 0 ? mempool_malloc(size) : way == 1 ? mempool_calloc(1, size) : mempool_realloc(NULL, size);
}

static struct mempool_stats stats_now(void) {
  struct mempool_stats stats;
  mempool_stats(&stats);
  return stats;
}

static void expect_no_pool(void) {
  struct mempool_stats none = {0}, stats = {.blocks = 9};
  mempool_stats(&stats);
  assert_memory_equal(&stats, &none, sizeof(stats));
  assert_int_equal(mempool_check(), 0);
}

static void expect_default_pool(size_t blocks) {
  struct mempool_stats stats = stats_now();
  assert_true(stats.capacity_bytes <= MEMPOOL_DEFAULT_BYTES);
  assert_true(stats.capacity_bytes >= MEMPOOL_DEFAULT_BYTES - MEMPOOL_DEFAULT_BYTES / 128 - 64);
  assert_int_equal(stats.blocks, blocks);
  assert_int_equal(mempool_check(), 0);
}

static int begin(void **state) {
  (void)state;
  misuses = 0;
  mempool_on_misuse(record_misuse);
  expect_no_pool();
  return 0;
}

static int end(void **state) {
  (void)state;
  int result = mempool_check() || mempool_destroy();
  expect_no_pool();
  return result;
}

/* Whichever function allocates first, it makes a pool of the documented size, and leaves errno alone. */
static void first_allocation_makes_the_pool(void **state) {
  (void)state;
  for (unsigned way = 0; way < WAYS; way++) {
    errno = ERANGE;
    void *block = allocate(way, 100);
    assert_non_null(block);
    assert_int_equal(errno, ERANGE);
    expect_default_pool(1);
    assert_int_equal(stats_now().high_water_bytes, 112);
    memset(block, 0xff, 100);
    mempool_free(block);
    expect_default_pool(0);
    assert_int_equal(mempool_destroy(), 0);
    assert_int_equal(errno, ERANGE);
  }
}

/* The whole default pool can be had, to the last byte, and then it has run out. */
static void default_pool_runs_out(void **state) {
  (void)state;
  mempool_free(mempool_malloc(0));
  void *all = mempool_malloc(stats_now().capacity_bytes - MEMPOOL_OVERHEAD);
  assert_non_null(all);
  errno = 0;
  assert_null(mempool_malloc(0));
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(stats_now().failed_requests, 1);
  mempool_free(all);
}

/* Making the pool touches a few pages, not the half megabyte that its map of live blocks may come to need. */
static void untouched_memory_costs_nothing(void **state) {
  (void)state;
  struct rusage before, after;
  if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)) skip_because("huge pages cannot be turned off, and one would hide it");
  assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
  void *block = mempool_malloc(1);
  assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
  prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
  assert_non_null(block);
  assert_in_range(after.ru_minflt - before.ru_minflt, 1, 30);
  mempool_free(block);
}

/* Only an allocation makes a pool: without one, NULL is NULL, every other pointer is foreign, and there is nothing to
 * check or to end. */
static void nothing_else_makes_a_pool(void **state) {
  (void)state;
  char on_stack[32];
  errno = ERANGE;
  mempool_free(NULL);
  assert_int_equal(mempool_usable_size(NULL), 0);
  assert_int_equal(misuses, 0);
  mempool_free(on_stack);
  assert_int_equal(errno, ERANGE);
  assert_int_equal(mempool_usable_size(on_stack), 0);
  assert_null(mempool_realloc(on_stack, 0));
  assert_null(mempool_realloc(on_stack, 10));
  assert_int_equal(errno, EINVAL);
  mempool_free((void *)1);
  assert_int_equal(misuses, 5);
  assert_int_equal(last_misuse, MEMPOOL_FOREIGN);
  expect_no_pool();
  assert_int_equal(mempool_destroy(), 0);
}

/* A request that no pool can serve fails as it would in any, and the next one is served. */
static void first_request_may_be_too_large(void **state) {
  (void)state;
  const size_t half = (size_t)1 << (sizeof(size_t) * 4);
  for (unsigned way = 0; way < WAYS + 1; way++) {
    errno = 0;
    assert_null(way < WAYS ? allocate(way, SIZE_MAX) : mempool_calloc(half, half + 1));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(stats_now().failed_requests, 1);
    void *block = mempool_malloc(1);
    assert_non_null(block);
    mempool_free(block);
    assert_int_equal(mempool_destroy(), 0);
  }
}

/* Where nothing can be mapped the answer is NULL with ENOMEM and there is no pool; the next call tries again. */
static void failed_mapping_is_tried_again(void **state) {
  (void)state;
  struct rlimit old, tight;
  void *blocks[WAYS];
  int results[WAYS];
  assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
  tight = old;
  tight.rlim_cur = 0;
  assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
  for (unsigned way = 0; way < WAYS; way++) {
    errno = 0;
    blocks[way] = allocate(way, 1);
    results[way] = errno;
  }
  assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
  for (unsigned way = 0; way < WAYS; way++) {
    assert_null(blocks[way]);
    assert_int_equal(results[way], ENOMEM);
  }
  expect_no_pool();
  void *block = mempool_malloc(1);
  assert_non_null(block);
  expect_default_pool(1);
  mempool_free(block);
}

/* mempool_init before the first allocation decides. After it there is a pool already, with blocks in use or without,
 * and it stays as it is. */
static void only_an_earlier_init_decides(void **state) {
  (void)state;
  static char memory[4096];
  assert_int_equal(mempool_init(memory, sizeof(memory)), 0);
  char *block = mempool_malloc(10);
  assert_true(block > memory && block < memory + sizeof(memory));
  assert_true(stats_now().capacity_bytes < sizeof(memory));
  mempool_free(block);
  assert_int_equal(mempool_destroy(), 0);
  block = mempool_malloc(10);
  strcpy(block, "kept");
  errno = ERANGE;
  assert_int_equal(mempool_init(memory, sizeof(memory)), -EBUSY);
  assert_int_equal(mempool_init(NULL, POOL_BYTES), -EBUSY);
  assert_string_equal(block, "kept");
  expect_default_pool(1);
  mempool_free(block);
  assert_int_equal(mempool_init(NULL, POOL_BYTES), -EBUSY);
  assert_int_equal(errno, ERANGE);
  expect_default_pool(0);
  assert_int_equal(mempool_destroy(), 0);
  assert_int_equal(mempool_init(NULL, POOL_BYTES), 0);
  assert_true(stats_now().capacity_bytes <= POOL_BYTES);
}

/* After mempool_destroy the next allocation makes a default pool, a new one; before it, blocks in use prevent that. */
static void allocating_goes_on_after_destroy(void **state) {
  (void)state;
  assert_int_equal(mempool_init(NULL, POOL_BYTES), 0);
  for (unsigned round = 0; round < 10; round++) {
    unsigned char *block = mempool_malloc(1000);
    assert_int_equal(mempool_destroy(), -EBUSY);
    if (round > 0) expect_default_pool(1);
    assert_int_equal(stats_now().high_water_bytes, 1008);
    for (unsigned i = 0; i < 1000; i++) assert_true(round == 0 || block[i] == 0); /* nobody's leavings */
    memset(block, 0xff, 1000);
    mempool_free(block);
    assert_int_equal(mempool_destroy(), 0);
    expect_no_pool();
  }
}

static pthread_barrier_t barrier;

static void *allocate_first(void *argument) {
  unsigned *way = argument;
  pthread_barrier_wait(&barrier);
  return allocate(*way % WAYS, 100);
}

/* Threads whose first calls meet get blocks of one pool. */
static void first_calls_of_threads_meet(void **state) {
  (void)state;
  enum { ROUNDS = 200 };
  pthread_t threads[THREADS];
  unsigned ways[THREADS];
  void *blocks[THREADS];
  assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
  for (unsigned round = 0; round < ROUNDS; round++) {
    for (unsigned i = 0; i < THREADS; i++) {
      ways[i] = round + i;
      assert_int_equal(pthread_create(&threads[i], NULL, allocate_first, &ways[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], &blocks[i]), 0);
    expect_default_pool(THREADS);
    for (unsigned i = 0; i < THREADS; i++) mempool_free(blocks[i]);
    assert_int_equal(misuses, 0);
    assert_int_equal(mempool_destroy(), 0);
  }
  pthread_barrier_destroy(&barrier);
}

static atomic_bool stop;
static atomic_uint destroyed;

/* Allocates and ends the pool again, and again: returns what went wrong, in words. */
static void *make_and_end(void *argument) {
  unsigned number = *(unsigned *)argument;
  const char *wrong = NULL;
  while (!stop && !wrong) {
    unsigned char *block = allocate(number % WAYS, 64);
    if (!block) return (void *)(uintptr_t) "an allocation failed";
    memset(block, (int)number, 64);
    int result = mempool_destroy();
    if (result != -EBUSY) wrong = "the pool was ended under a block";
    for (unsigned i = 0; i < 64; i++) {
      if (block[i] != number) wrong = "a block changed";
    }
    mempool_free(block);
    if (mempool_destroy() == 0) destroyed++;
  }
  return (void *)(uintptr_t)wrong;
}

static void start(pthread_t threads[THREADS], unsigned numbers[THREADS]) {
  stop = false;
  destroyed = 0;
  for (unsigned i = 0; i < THREADS; i++) {
    numbers[i] = i + 1;
    assert_int_equal(pthread_create(&threads[i], NULL, make_and_end, &numbers[i]), 0);
  }
  while (destroyed == 0) usleep(1);
}

static void join(pthread_t threads[THREADS]) {
  stop = true;
  for (unsigned i = 0; i < THREADS; i++) {
    void *wrong;
    assert_int_equal(pthread_join(threads[i], &wrong), 0);
    if (wrong) fail_msg("%s", (const char *)wrong);
  }
  assert_int_equal(misuses, 0);
}

/* While threads end the pool and make it anew, no allocation fails and no block is lost. */
static void destroy_may_come_in_between(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  unsigned numbers[THREADS];
  start(threads, numbers);
  for (int i = 0; i < 50; i++) assert_int_equal(mempool_check(), 0);
  while (destroyed < 1000) usleep(1);
  join(threads);
}

/* In a child: what the pool still does, as an exit status. */
static _Noreturn void use_pool_and_exit(void *inherited) {
  alarm(DEADLINE_SECONDS);
  void *block = mempool_malloc(100);
  if (!block) _exit(1);
  memset(block, 0xff, 100);
  if (inherited && strcmp(inherited, "parent's") != 0) _exit(2);
  mempool_free(inherited);
  mempool_free(block);
  _exit(misuses ? 3 : mempool_check() ? 4 : 0);
}

static int status_of_child(void *inherited) {
  int status = -1;
  pid_t child = fork();
  if (child == 0) use_pool_and_exit(inherited);
  waitpid(child, &status, 0);
  return status;
}

/* A child forked before the first allocation makes a pool of its own; one forked after has a copy of the parent's. */
static void child_has_a_pool_of_its_own(void **state) {
  (void)state;
  assert_int_equal(status_of_child(NULL), 0);
  expect_no_pool();
  char *block = mempool_malloc(10);
  strcpy(block, "parent's");
  assert_int_equal(status_of_child(block), 0);
  assert_string_equal(block, "parent's");
  expect_default_pool(1);
  mempool_free(block);
}

/* A child forked while threads make and end the pool can allocate, whatever they were in the midst of. */
static void fork_may_come_in_between(void **state) {
  (void)state;
  enum { FORKS = 60 };
  pthread_t threads[THREADS];
  unsigned numbers[THREADS];
  int status = 0;
  start(threads, numbers);
  for (int i = 0; i < FORKS && status == 0; i++) status = status_of_child(NULL);
  join(threads);
  assert_int_equal(status, 0);
}

static bool handlers_allocate;
static unsigned handled;

static void allocate_in_handler(void) {
  if (!handlers_allocate) return;
  void *block = mempool_malloc(10);
  handled += block != NULL;
  mempool_free(block);
}

/* A program's own fork handlers may allocate, though they were registered before the pool was made: by one of them, in
 * the first fork. The pool is not locked where they run. */
static void fork_handlers_may_allocate(void **state) {
  (void)state;
  unsigned seconds_left = alarm(DEADLINE_SECONDS);
  handlers_allocate = true;
  int first = status_of_child(NULL), second = status_of_child(NULL);
  handlers_allocate = false;
  alarm(seconds_left);
  assert_int_equal(first, 0);
  assert_int_equal(second, 0);
  assert_int_equal(handled, 4); /* before and after each, in the parent */
}

#define WITHOUT_POOL(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void) {
  if (pthread_atfork(allocate_in_handler, allocate_in_handler, allocate_in_handler)) return 1;
  const struct CMUnitTest tests[] = {
      WITHOUT_POOL(fork_handlers_may_allocate), /* first: nothing has been allocated yet */
      WITHOUT_POOL(first_allocation_makes_the_pool), WITHOUT_POOL(default_pool_runs_out),
      WITHOUT_POOL(untouched_memory_costs_nothing),  WITHOUT_POOL(nothing_else_makes_a_pool),
      WITHOUT_POOL(first_request_may_be_too_large),  WITHOUT_POOL(failed_mapping_is_tried_again),
      WITHOUT_POOL(only_an_earlier_init_decides),    WITHOUT_POOL(allocating_goes_on_after_destroy),
      WITHOUT_POOL(first_calls_of_threads_meet),     WITHOUT_POOL(destroy_may_come_in_between),
      WITHOUT_POOL(child_has_a_pool_of_its_own),     WITHOUT_POOL(fork_may_come_in_between),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
