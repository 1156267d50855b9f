/* SPDX-License-Identifier: MIT */
/* What any implementation of libuv's replaceable allocator must do, seen only through what a caller can observe: which
 * of the four functions is called, with which arguments, and what becomes of the result and of errno.
 *
 * The including test defines `subject`: how to reach the implementation. Real libuv keeps its wrappers to itself, so
 * its entries are public functions known to make exactly one such call.
 */
#ifndef NOMEM_TESTS_UV_ALLOC_CONTRACT_H
#define NOMEM_TESTS_UV_ALLOC_CONTRACT_H

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../skip_because.h"
#include "mempool.h"
#include "uv_alloc.h"

/* The string that uv_err_name duplicates for a code no system has. */
#define CONTRACT_STRING "Unknown system error -99999"

struct contract_subject {
  int (*replace)(uv_malloc_func malloc_func, uv_realloc_func realloc_func, uv_calloc_func calloc_func,
                 uv_free_func free_func);
  /* One malloc: a duplicate of CONTRACT_STRING; when that malloc fails, anything but a block. */
  void *(*duplicate)(void);
  /* One calloc of count elements of element_size; other calls may follow. */
  void *(*zeroed)(size_t count);
  size_t element_size;
  /* One free of ptr, which may be NULL. */
  void (*release)(void *ptr);
  /* Two reallocs, the first of NULL, the second of what the first returned; then gives everything back. */
  void (*grow)(void);
};

static const struct contract_subject subject;

enum contract_function { CONTRACT_MALLOC, CONTRACT_REALLOC, CONTRACT_CALLOC, CONTRACT_FREE };

struct contract_call {
  enum contract_function function;
  const void *ptr;
  size_t count, size;
  void *result;
};

#define CONTRACT_CALLS_MAX 256
static struct contract_call contract_calls[CONTRACT_CALLS_MAX];
static size_t contract_call_count;
static int contract_fail;

static struct contract_call *contract_record(enum contract_function function, const void *ptr, size_t count,
                                             size_t size) {
  assert_true(contract_call_count < CONTRACT_CALLS_MAX);
  struct contract_call *call = &contract_calls[contract_call_count++];
  *call = (struct contract_call){function, ptr, count, size, NULL};
  return call;
}

static void *contract_malloc(size_t size) {
  struct contract_call *call = contract_record(CONTRACT_MALLOC, NULL, 0, size);
  return call->result = contract_fail ? NULL : malloc(size);
}

static void *contract_realloc(void *ptr, size_t size) {
  struct contract_call *call = contract_record(CONTRACT_REALLOC, ptr, 0, size);
  return call->result = realloc(ptr, size);
}

static void *contract_calloc(size_t count, size_t size) {
  struct contract_call *call = contract_record(CONTRACT_CALLOC, NULL, count, size);
  return call->result = calloc(count, size);
}

/* As rude to errno as a replacement may be. */
static void contract_free(void *ptr) {
  contract_record(CONTRACT_FREE, ptr, 0, 0);
  free(ptr);
  errno = EIO;
}

/* A second set, each function of which fails the test: it must never have been installed. */
static void *forbidden_malloc(size_t size) {
  fail_msg("malloc(%zu) reached a function that was refused", size);
  return NULL;
}

static void *forbidden_realloc(void *ptr, size_t size) {
  fail_msg("realloc(%p, %zu) reached a function that was refused", ptr, size);
  return NULL;
}

static void *forbidden_calloc(size_t count, size_t size) {
  fail_msg("calloc(%zu, %zu) reached a function that was refused", count, size);
  return NULL;
}

static void forbidden_free(void *ptr) {
  fail_msg("free(%p) reached a function that was refused", ptr);
}

static void contract_install(void) {
  assert_int_equal(subject.replace(contract_malloc, contract_realloc, contract_calloc, contract_free), 0);
  contract_call_count = 0;
  contract_fail = 0;
}

static int contract_restore(void **state) {
  (void)state;
  return subject.replace(malloc, realloc, calloc, free);
}

static const struct contract_call *contract_only(enum contract_function function) {
  const struct contract_call *found = NULL;
  for (size_t i = 0; i < contract_call_count; i++) {
    if (contract_calls[i].function != function) continue;
    assert_null(found);
    found = &contract_calls[i];
  }
  assert_non_null(found);
  return found;
}

/* A block this large is mapped by itself and unmapped at once, so the C library's count of such blocks is exact. */
static size_t mapped_blocks(void) {
  return mallinfo2().hblks;
}

/* Before any replacement, blocks come from and go back to the C library: its count of mapped blocks follows. */
static void defaults_are_the_c_library(void **state) {
  (void)state;
  const size_t count = (size_t)1 << 16;
  mallopt(M_MMAP_THRESHOLD, (int)count); /* else the first free raises it, and the next block is not mapped */
  size_t mapped = mapped_blocks();
  void *volatile probe = malloc(count * subject.element_size);
  int counted = mapped_blocks() == mapped + 1;
  free(probe);
  if (!counted) skip_because("this malloc, a sanitizer's or valgrind's, keeps no count of mapped blocks");
  void *block = subject.zeroed(count);
  assert_non_null(block);
  assert_int_equal(mapped_blocks(), mapped + 1);
  subject.release(block);
  assert_int_equal(mapped_blocks(), mapped);
}

/* malloc gets the caller's size and its result comes back as it is. */
static void malloc_is_handed_over(void **state) {
  (void)state;
  contract_install();
  char *copy = subject.duplicate();
  const struct contract_call *call = contract_only(CONTRACT_MALLOC);
  assert_int_equal(contract_call_count, 1);
  assert_int_equal(call->size, sizeof(CONTRACT_STRING));
  assert_ptr_equal(copy, call->result);
  assert_string_equal(copy, CONTRACT_STRING);
  free(copy);
}

/* A malloc that fails is called once, not tried again, and nothing is freed for it. */
static void malloc_failure_comes_back(void **state) {
  (void)state;
  contract_install();
  contract_fail = 1;
  (void)subject.duplicate();
  contract_fail = 0;
  assert_null(contract_only(CONTRACT_MALLOC)->result);
  assert_int_equal(contract_call_count, 1);
}

/* calloc gets count and size apart, not their product, and a count of 0 is handed over too. */
static void calloc_is_handed_over(void **state) {
  (void)state;
  const size_t counts[] = {0, 1, 3};
  for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
    contract_install();
    void *block = subject.zeroed(counts[i]);
    const struct contract_call *call = contract_only(CONTRACT_CALLOC);
    assert_int_equal(call->count, counts[i]);
    assert_int_equal(call->size, subject.element_size);
    assert_ptr_equal(block, call->result);
    free(block);
  }
}

/* realloc gets the old block and the new size. */
static void realloc_is_handed_over(void **state) {
  (void)state;
  contract_install();
  subject.grow();
  const struct contract_call *grown[2];
  size_t count = 0;
  for (size_t i = 0; i < contract_call_count; i++) {
    if (contract_calls[i].function != CONTRACT_REALLOC) continue;
    assert_true(count < 2);
    grown[count++] = &contract_calls[i];
  }
  assert_int_equal(count, 2);
  assert_null(grown[0]->ptr);
  assert_ptr_equal(grown[1]->ptr, grown[0]->result);
  assert_true(grown[1]->size > grown[0]->size);
}

/* free gets the pointer itself, NULL included. */
static void free_is_handed_over(void **state) {
  (void)state;
  contract_install();
  void *block = malloc(10);
  uintptr_t address = (uintptr_t)block;
  subject.release(block);
  subject.release(NULL);
  assert_int_equal(contract_call_count, 2);
  assert_int_equal(contract_calls[0].function, CONTRACT_FREE);
  assert_int_equal((uintptr_t)contract_calls[0].ptr, address);
  assert_int_equal(contract_calls[1].function, CONTRACT_FREE);
  assert_null(contract_calls[1].ptr);
}

/* errno survives a free whose replacement overwrites it, for a block and for NULL. */
static void free_preserves_errno(void **state) {
  (void)state;
  contract_install();
  void *block = malloc(10);
  errno = ERANGE;
  subject.release(block);
  assert_int_equal(errno, ERANGE);
  subject.release(NULL);
  assert_int_equal(errno, ERANGE);
}

/* With any of the four NULL the answer is UV_EINVAL, errno stays, and all four of the old functions stay. */
static void null_function_replaces_none(void **state) {
  (void)state;
  enum { ALL_GIVEN = 15 };
  for (unsigned given = 0; given < ALL_GIVEN; given++) {
    contract_install();
    errno = ERANGE;
    int result = subject.replace(given & 1 ? forbidden_malloc : NULL, given & 2 ? forbidden_realloc : NULL,
                                 given & 4 ? forbidden_calloc : NULL, given & 8 ? forbidden_free : NULL);
    assert_int_equal(result, UV_EINVAL);
    assert_int_equal(errno, ERANGE);
    assert_int_equal(contract_call_count, 0);
    free(subject.duplicate());
    free(subject.zeroed(0));
    subject.grow();
    subject.release(malloc(10));
    unsigned seen = 0;
    for (size_t i = 0; i < contract_call_count; i++) seen |= 1u << contract_calls[i].function;
    assert_int_equal(seen, ALL_GIVEN);
  }
}

/* The newest replacement is the one in force, and replacing calls none of the old or new functions. */
static void newest_replacement_wins(void **state) {
  (void)state;
  contract_install();
  assert_int_equal(subject.replace(forbidden_malloc, forbidden_realloc, forbidden_calloc, forbidden_free), 0);
  assert_int_equal(contract_call_count, 0);
  assert_int_equal(subject.replace(contract_malloc, contract_realloc, contract_calloc, contract_free), 0);
  assert_int_equal(contract_call_count, 0);
  free(subject.duplicate());
  assert_int_equal(contract_call_count, 1);
}

/* Everything the implementation does, out of the pool: whose size is the one given here, or the default one for 0. */
static void contract_use_pool(size_t bytes) {
  struct mempool_stats stats;
  if (bytes) assert_int_equal(mempool_init(NULL, bytes), 0);
  assert_int_equal(subject.replace(mempool_malloc, mempool_realloc, mempool_calloc, mempool_free), 0);
  char *copy = subject.duplicate();
  unsigned char *block = subject.zeroed(3);
  subject.grow();
  assert_string_equal(copy, CONTRACT_STRING);
  assert_true(mempool_usable_size(copy) >= sizeof(CONTRACT_STRING));
  assert_true(mempool_usable_size(block) >= 3 * subject.element_size);
  for (size_t i = 0; i < 3 * subject.element_size; i++) assert_int_equal(block[i], 0);
  mempool_stats(&stats);
  size_t expected = bytes ? bytes : MEMPOOL_DEFAULT_BYTES;
  assert_in_range(stats.capacity_bytes, expected - expected / 64, expected);
  assert_int_equal(stats.blocks, 2);
  subject.release(copy);
  subject.release(block);
  assert_int_equal(mempool_check(), 0);
  assert_int_equal(mempool_destroy(), 0);
}

/* One line plugs the pool in. */
static void pool_needs_no_init(void **state) {
  (void)state;
  contract_use_pool(0);
}

/* So does that line after mempool_init, which sets the size; and again without it, once that pool has ended. */
static void pool_may_be_made_before(void **state) {
  (void)state;
  contract_use_pool((size_t)256 * 1024);
  contract_use_pool(0);
}

static int contract_run(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_are_the_c_library), /* first: nothing has been replaced yet */
      cmocka_unit_test_teardown(malloc_is_handed_over, contract_restore),
      cmocka_unit_test_teardown(malloc_failure_comes_back, contract_restore),
      cmocka_unit_test_teardown(calloc_is_handed_over, contract_restore),
      cmocka_unit_test_teardown(realloc_is_handed_over, contract_restore),
      cmocka_unit_test_teardown(free_is_handed_over, contract_restore),
      cmocka_unit_test_teardown(free_preserves_errno, contract_restore),
      cmocka_unit_test_teardown(null_function_replaces_none, contract_restore),
      cmocka_unit_test_teardown(newest_replacement_wins, contract_restore),
      cmocka_unit_test_teardown(pool_needs_no_init, contract_restore),
      cmocka_unit_test_teardown(pool_may_be_made_before, contract_restore),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
