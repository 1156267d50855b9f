/* SPDX-License-Identifier: MIT */
/* The pool when it is used wrongly, damaged, forked and shared by threads. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixtures/pool.h"

/* No child process of a test lives longer, whatever goes wrong in it. */
#define CHILD_SECONDS 300

static struct mempool_stats stats_now(void) {
  struct mempool_stats stats;
  mempool_stats(&stats);
  return stats;
}

/* All three ways to hand a bad pointer in report it once, and change nothing in the pool. */
static void expect_misuse(enum mempool_misuse misuse, const void *ptr) {
  void *bad = (void *)(uintptr_t)ptr;
  struct mempool_stats before = stats_now(), after;
  misuses = 0;
  mempool_free(bad);
  assert_int_equal(misuses, 1);
  assert_int_equal(last_misuse, misuse);
  assert_ptr_equal(last_ptr, ptr);
  errno = 0;
  assert_null(mempool_realloc(bad, 100));
  assert_int_equal(errno, EINVAL);
  assert_int_equal(misuses, 2);
  assert_int_equal(last_misuse, misuse);
  assert_int_equal(mempool_usable_size(ptr), 0);
  assert_int_equal(misuses, 3);
  assert_int_equal(last_misuse, misuse);
  after = stats_now();
  assert_memory_equal(&before, &after, sizeof(before));
}

/* A second free is found whether the block is still alone, joined to the one before, the one behind, both, or covered
 * by a block handed out since that starts elsewhere. */
static void double_free_is_found(void **state) {
  (void)state;
  char *blocks[5];
  for (size_t i = 0; i < 5; i++) blocks[i] = mempool_malloc(100);
  mempool_free(blocks[1]);
  expect_misuse(MEMPOOL_DOUBLE_FREE, blocks[1]); /* between two live ones */
  mempool_free(blocks[2]);
  expect_misuse(MEMPOOL_DOUBLE_FREE, blocks[2]); /* joined to the one before */
  expect_misuse(MEMPOOL_DOUBLE_FREE, blocks[1]);
  mempool_free(blocks[0]);
  expect_misuse(MEMPOOL_DOUBLE_FREE, blocks[0]); /* joined to the one behind */
  expect_misuse(MEMPOOL_DOUBLE_FREE, blocks[1]);
  mempool_free(blocks[4]);
  mempool_free(blocks[3]); /* joined on both sides, up to the end of the pool */
  for (size_t i = 0; i < 5; i++) expect_misuse(MEMPOOL_DOUBLE_FREE, blocks[i]);
  char *cover = mempool_malloc(400);
  memset(cover, 0xff, 400);
  assert_ptr_equal(cover, blocks[0]);
  expect_misuse(MEMPOOL_INTERIOR, blocks[1]);
  expect_misuse(MEMPOOL_DOUBLE_FREE, blocks[4]);
  mempool_free(cover);
  assert_int_equal(mempool_check(), 0);
}

/* The old pointer is freed memory after a realloc that moved, and after a realloc to size 0. */
static void stale_pointer_after_realloc_is_found(void **state) {
  (void)state;
  char *old = mempool_malloc(100), *fence = mempool_malloc(1);
  char *moved = mempool_realloc(old, 1000);
  uintptr_t stale = (uintptr_t)old;
  assert_ptr_not_equal(moved, (void *)stale);
  expect_misuse(MEMPOOL_DOUBLE_FREE, (void *)stale);
  assert_null(mempool_realloc(moved, 0));
  expect_misuse(MEMPOOL_DOUBLE_FREE, moved);
  mempool_free(fence);
}

/* Pointers that the pool never returned are found, wherever they point. */
static void foreign_free_is_found(void **state) {
  (void)state;
  static char in_data[64];
  char on_stack[64];
  void *from_libc = malloc(64);
  char *first = mempool_malloc(8), *last = mempool_malloc(stats_now().largest_free);
  char *end = last + mempool_usable_size(last);
  expect_misuse(MEMPOOL_FOREIGN, in_data);
  expect_misuse(MEMPOOL_FOREIGN, on_stack);
  expect_misuse(MEMPOOL_FOREIGN, from_libc);
  expect_misuse(MEMPOOL_FOREIGN, (void *)1);
  expect_misuse(MEMPOOL_FOREIGN, (void *)UINTPTR_MAX);
  expect_misuse(MEMPOOL_FOREIGN, first - 16); /* the pool's own bookkeeping */
  expect_misuse(MEMPOOL_FOREIGN, end + 8);    /* where the block behind the last would be */
  free(from_libc);
  mempool_free(first);
  mempool_free(last);
}

/* A pointer into a block is found at every offset, even where the contents look like a block's header. */
static void interior_free_is_found(void **state) {
  (void)state;
  char *before = mempool_malloc(56), *block = mempool_malloc(184);
  memcpy(block + 8, block - 8, 8);
  memcpy(block + 24, before - 8, 8);
  for (size_t offset = 1; offset < 184; offset++) expect_misuse(MEMPOOL_INTERIOR, block + offset);
  mempool_free(block);
  expect_misuse(MEMPOOL_DOUBLE_FREE, block + 16);
  char *large = mempool_malloc(20000);
  expect_misuse(MEMPOOL_INTERIOR, large + 19984);
  mempool_free(large);
  expect_misuse(MEMPOOL_DOUBLE_FREE, large + 19984);
  mempool_free(before);
}

static void expect_overrun(unsigned char *at, unsigned char value, size_t bytes, const void *ptr) {
  unsigned char saved[8];
  memcpy(saved, at, bytes);
  memset(at, value, bytes);
  expect_misuse(MEMPOOL_OVERRUN, ptr);
  assert_int_not_equal(mempool_check(), 0);
  memcpy(at, saved, bytes);
  assert_int_equal(mempool_check(), 0);
}

/* A byte changed past the last of a block, or before its first, and a whole word overwritten there, are found when
 * either block beside it is freed; with the bytes mended the frees work. */
static void overrun_is_found(void **state) {
  (void)state;
  unsigned char *block = mempool_malloc(56), *next = mempool_malloc(56), *fence = mempool_malloc(56);
  for (unsigned char *at = block + 56; at < next; at++) {
    for (int bit = 0; bit < 8; bit++) expect_overrun(at, (unsigned char)(*at ^ (1 << bit)), 1, next);
  }
  expect_overrun(block + 56, (unsigned char)(block[56] ^ 1), 1, block); /* one byte too many */
  expect_overrun(next - 1, 1, 1, fence);                                /* one byte before: the one behind sees it */
  expect_overrun(block - 8, 1, 1, block);                               /* before the first block of all */
  const unsigned char values[] = {0, 0x41, 0xff};
  for (size_t i = 0; i < sizeof(values); i++) {
    expect_overrun(block + 56, values[i], 8, block);
    expect_overrun(block + 56, values[i], 8, next);
  }
  misuses = 0;
  mempool_free(block);
  mempool_free(next);
  mempool_free(fence);
  assert_int_equal(misuses, 0);
}

/* A write into a freed block is found by the check: each byte of the links in turn, list and tree. */
static void write_after_free_is_found(void **state) {
  (void)state;
  const size_t sizes[] = {8, 1000, 1016, 5000}; /* the smallest, the last without a tree, trees */
  const size_t link_bytes[] = {8, 8, 20, 20};
  for (size_t i = 0; i < 4; i++) {
    unsigned char *blocks[4];
    void *fences[4];
    for (size_t j = 0; j < 4; j++) {
      blocks[j] = mempool_malloc(sizes[i] + (i > 1 ? j / 2 * 16 : 0));
      fences[j] = mempool_malloc(1);
    }
    for (size_t j = 0; j < 4; j++) mempool_free(blocks[j]);
    assert_int_equal(mempool_check(), 0);
    for (size_t byte = 0; byte < 8; byte++) {
      blocks[0][byte] ^= 0x55;
      assert_true(mempool_check() < 0);
      blocks[0][byte] ^= 0x55;
    }
    for (size_t byte = 8; byte < link_bytes[i]; byte++) {
      blocks[0][byte] ^= 0x55; /* the first of its size is the tree's node */
      assert_true(mempool_check() < 0);
      blocks[0][byte] ^= 0x55;
    }
    assert_int_equal(mempool_check(), 0);
    for (size_t j = 0; j < 4; j++) mempool_free(fences[j]);
  }
}

static jmp_buf out_of_handler;

static void jump_out(enum mempool_misuse misuse, const void *ptr) {
  record_misuse(misuse, ptr);
  assert_int_equal(stats_now().blocks, 1); /* the handler may use the pool */
  longjmp(out_of_handler, 1);
}

/* A handler may leave by longjmp: the pool is not locked. Setting one returns the one before. */
static void handler_may_jump(void **state) {
  (void)state;
  void *block = mempool_malloc(1);
  assert_ptr_equal(mempool_on_misuse(jump_out), record_misuse);
  if (!setjmp(out_of_handler)) {
    mempool_free(&misuses);
    fail_msg("the handler returned");
  }
  assert_int_equal(misuses, 1);
  assert_ptr_equal(mempool_on_misuse(NULL), jump_out);
  assert_null(mempool_on_misuse(record_misuse));
  mempool_free(block);
}

static _Noreturn void free_badly(int error_output) {
  alarm(CHILD_SECONDS);
  dup2(error_output, STDERR_FILENO);
  signal(SIGABRT, SIG_DFL);
  mempool_on_misuse(NULL);
  mempool_free(&misuses);
  _exit(0);
}

/* By default misuse prints one line that names the pointer and what is wrong with it, and aborts. */
static void default_is_one_line_and_abort(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) free_badly(ends[1]);
  close(ends[1]);
  char output[256], expected[256];
  ssize_t length = read(ends[0], output, sizeof(output) - 1);
  close(ends[0]);
  assert_true(length > 0);
  output[length] = '\0';
  snprintf(expected, sizeof(expected), "mempool: %p is outside the pool: give it back to the allocator it came from\n",
           (void *)&misuses);
  assert_string_equal(output, expected);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

enum { THREADS = 4, SLOTS = 64 };
static _Atomic(unsigned char *) slots[SLOTS]; /* a block here belongs to whoever swaps it out */
static atomic_bool stop;
static unsigned steps;
static atomic_uint wrong_contents;

/* Each block's first byte says how long it is, and the rest repeat it. */
static void give_back(unsigned char *block) {
  if (!block) return;
  for (unsigned i = 0; i < block[0]; i++) wrong_contents += block[i] != block[0];
  mempool_free(block);
}

static void *hammer(void *argument) {
  unsigned seed = *(unsigned *)argument;
  for (unsigned step = 0; step < steps && !stop; step++) {
    unsigned char size = (unsigned char)(1 + (unsigned)rand_r(&seed) % 255);
    unsigned char *block = step % 2 ? mempool_malloc(size) : mempool_calloc(1, size);
    if (block && step % 3 == 0) {
      unsigned char *moved = mempool_realloc(block, 300);
      if (moved) block = moved;
    }
    if (block) memset(block, size, size);
    give_back(atomic_exchange(&slots[(unsigned)rand_r(&seed) % SLOTS], block));
  }
  return NULL;
}

static void start(pthread_t threads[THREADS], unsigned seeds[THREADS], unsigned steps_each) {
  stop = false;
  steps = steps_each;
  wrong_contents = 0;
  for (unsigned i = 0; i < THREADS; i++) {
    seeds[i] = i + 1;
    assert_int_equal(pthread_create(&threads[i], NULL, hammer, &seeds[i]), 0);
  }
}

static void join(pthread_t threads[THREADS]) {
  for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (unsigned i = 0; i < SLOTS; i++) give_back(atomic_exchange(&slots[i], NULL));
}

/* Threads that allocate, and free what others allocated, neither lose nor share nor damage a block. */
static void threads_share_the_pool(void **state) {
  (void)state;
  const size_t largest = stats_now().largest_free;
  pthread_t threads[THREADS];
  unsigned seeds[THREADS];
  start(threads, seeds, 20000);
  while (stats_now().blocks == 0) usleep(1);
  for (int i = 0; i < 50; i++) assert_int_equal(mempool_check(), 0);
  join(threads);
  assert_int_equal(wrong_contents, 0);
  assert_int_equal(misuses, 0);
  assert_int_equal(stats_now().blocks, 0);
  assert_int_equal(stats_now().largest_free, largest);
}

static _Noreturn void use_pool_and_exit(void) {
  alarm(CHILD_SECONDS);
  int damage = mempool_check();
  void *block = mempool_malloc(100);
  mempool_free(block);
  _exit(block && !damage && !mempool_check() ? 0 : 1);
}

/* A child forked while other threads are inside the pool finds it whole and unlocked. */
static void fork_leaves_the_child_a_pool(void **state) {
  (void)state;
  enum { FORKS = 40 };
  pthread_t threads[THREADS];
  unsigned seeds[THREADS], failed = 0;
  start(threads, seeds, UINT_MAX);
  for (int i = 0; i < FORKS; i++) {
    pid_t child = fork();
    if (child == 0) use_pool_and_exit();
    int status = -1;
    waitpid(child, &status, 0);
    failed += status != 0;
    if (failed) break; /* one is proof enough, and each may cost the alarm */
  }
  stop = true;
  join(threads);
  assert_int_equal(failed, 0);
}

#define IN_POOL(function) cmocka_unit_test_setup_teardown(function, make_pool, end_pool)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_POOL(double_free_is_found),   IN_POOL(stale_pointer_after_realloc_is_found),
      IN_POOL(foreign_free_is_found),  IN_POOL(interior_free_is_found),
      IN_POOL(overrun_is_found),       IN_POOL(write_after_free_is_found),
      IN_POOL(handler_may_jump),       IN_POOL(default_is_one_line_and_abort),
      IN_POOL(threads_share_the_pool), IN_POOL(fork_leaves_the_child_a_pool),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
