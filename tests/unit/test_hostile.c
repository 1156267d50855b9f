/* SPDX-License-Identifier: MIT */
/* The hostile allocator behind the C interface: each way does what it says, to the calls that it is for, and nothing
 * else. And how what it breaks is narrowed down to one call. */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/campaign/hostile_runs.h"
#include "../../faults/inject/hostile.h"
#include "../../faults/nomem.h"
#include "fixtures/scope.h"
#include "skip_because.h"

#define SEEN_BYTES 4096
/* More than is written of one block. */
#define LARGE ((size_t)3 << 20)

/* The functions that can fail. */
static nomem_malloc_func get;
static nomem_realloc_func resize;
static nomem_calloc_func get_zeros;
static nomem_free_func release;

/* What the allocator below them was given back last, and how often. */
static unsigned char seen[SEEN_BYTES];
static size_t seen_bytes, releases;

static void watch_release(void *block) {
  size_t bytes = block != NULL ? malloc_usable_size(block) : 0;
  seen_bytes = bytes < SEEN_BYTES ? bytes : SEEN_BYTES;
  if (block != NULL) memcpy(seen, block, seen_bytes);
  releases++;
  free(block);
}

static int take(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                nomem_free_func free_func) {
  get = malloc_func;
  resize = realloc_func;
  get_zeros = calloc_func;
  release = free_func;
  return 0;
}

static int install(void **state) {
  (void)state;
  return nomem_install_over(take, malloc, realloc, calloc, watch_release, malloc_usable_size);
}

static bool is_all(const unsigned char *bytes, size_t count, unsigned char byte) {
  for (size_t i = 0; i < count; i++)
    if (bytes[i] != byte) return false;
  return true;
}

/* A block moves when it shrinks, too: what is in it comes along, and what is left behind is overwritten. */
static void moves(void **state) {
  (void)state;
  static const size_t sizes[] = {8, 64, 200, 5000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    unsigned char *block = get(64), *moved;
    memset(block, 7, 64);
    uintptr_t before = (uintptr_t)block;
    begin("hostile=moves");
    moved = resize(block, sizes[i]);
    nomem_end(NULL);
    assert_non_null(moved);
    assert_true((uintptr_t)moved != before);
    assert_true(is_all(moved, sizes[i] < 64 ? sizes[i] : 64, 7));
    assert_true(seen_bytes >= 64 && is_all(seen, seen_bytes, NOMEM_HOSTILE_FREED_BYTE));
    release(moved);
  }
}

/* What malloc gives is filled, and what realloc adds; what there was stays, and calloc gives zeros. */
static void fresh(void **state) {
  (void)state;
  begin("hostile=fresh");
  unsigned char *block = get(100), *zeros = get_zeros(10, 10), *grown;
  size_t usable = malloc_usable_size(block);
  assert_true(is_all(block, usable, NOMEM_HOSTILE_FRESH_BYTE));
  assert_true(is_all(zeros, 100, 0));
  memset(block, 7, usable);
  grown = resize(block, 3000);
  assert_true(is_all(grown, usable, 7));
  assert_true(is_all(grown + usable, 3000 - usable, NOMEM_HOSTILE_FRESH_BYTE));
  release(grown);
  release(zeros);
  block = resize(NULL, 50);
  assert_true(is_all(block, 50, NOMEM_HOSTILE_FRESH_BYTE));
  release(block);
}

/* Of a large block the beginning is filled, so that a program which maps more than it touches does not need it all. */
static void fresh_and_large(void **state) {
  (void)state;
  begin("hostile=fresh");
  unsigned char *block = get(LARGE);
  assert_true(is_all(block, NOMEM_HOSTILE_BLOCK_BYTES, NOMEM_HOSTILE_FRESH_BYTE));
  assert_true(is_all(block + NOMEM_HOSTILE_BLOCK_BYTES, LARGE - NOMEM_HOSTILE_BLOCK_BYTES, 0));
  release(block);
}

static void freed(void **state) {
  (void)state;
  unsigned char *block = get(100);
  memset(block, 7, 100);
  begin("hostile=freed");
  errno = ERANGE;
  release(block);
  assert_int_equal(errno, ERANGE);
  assert_true(seen_bytes >= 100 && is_all(seen, seen_bytes, NOMEM_HOSTILE_FREED_BYTE));
  release(NULL);
}

/* A block of 0 bytes is NULL, and that is no failure; realloc to 0 is left to the allocator. */
static void zero(void **state) {
  (void)state;
  void *block = get(10);
  begin("hostile=zero");
  errno = ERANGE;
  assert_null(get(0));
  assert_null(get_zeros(0, 5));
  assert_null(get_zeros(5, 0));
  assert_null(resize(NULL, 0));
  assert_int_equal(errno, ERANGE);
  size_t before = releases;
  void *one = get(1);
  assert_non_null(one);
  release(one);
  assert_int_equal(releases, before + 1);
  release(resize(block, 0));
  struct nomem_counters counters;
  nomem_end(&counters);
  assert_int_equal(counters.faults, 0);
}

static void sets_errno(void **state) {
  (void)state;
  begin("hostile=errno");
  errno = 0;
  void *block = get(10);
  assert_int_equal(errno, ENOMEM);
  errno = 0;
  void *zeros = get_zeros(2, 5);
  assert_int_equal(errno, ENOMEM);
  errno = 0;
  block = resize(block, 1000);
  assert_int_equal(errno, ENOMEM);
  errno = 0;
  release(block);
  release(zeros);
  assert_int_equal(errno, 0);
}

/* No block has more than the alignment that it must have: of any size, new or of zeros. */
static void align(void **state) {
  (void)state;
#ifdef __SANITIZE_ADDRESS__
  skip_because("where a sanitizer puts blocks is its own business");
#endif
  enum { BLOCKS = 200 };
  void *blocks[BLOCKS];
  begin("hostile=align");
  for (size_t size = 1; size < 3000; size = size * 3 / 2 + 1) {
    size_t further = 0;
    for (size_t i = 0; i < BLOCKS; i++) {
      blocks[i] = i % 2 ? get(size) : get_zeros(1, size);
      assert_non_null(blocks[i]);
      assert_int_equal((uintptr_t)blocks[i] % 16, 0);
      if (i % 2 == 0) assert_true(is_all(blocks[i], size, 0));
      further += (uintptr_t)blocks[i] % 32 == 0;
    }
    if (further != 0) fail_msg("%zu of %d blocks of %zu bytes are aligned to 32 bytes", further, BLOCKS, size);
    for (size_t i = 0; i < BLOCKS; i++) release(blocks[i]);
  }
}

/* A range of calls is that of the calls that can be served so; a rule beside it fails others. */
static void by_number(void **state) {
  (void)state;
  begin("nth=2 hostile=fresh;nth=4");
  unsigned char *first = get(40), *zeros = get_zeros(1, 40), *second = get(40);
  assert_false(is_all(first, 40, NOMEM_HOSTILE_FRESH_BYTE));
  assert_true(is_all(second, 40, NOMEM_HOSTILE_FRESH_BYTE));
  assert_null(get(40));
  struct nomem_counters counters;
  nomem_end(&counters);
  assert_int_equal(counters.calls, 4);
  assert_int_equal(counters.faults, 1);
  release(first);
  release(zeros);
  release(second);
}

/* While a thread is paused, and behind the scope, calls are served as ever. */
static void only_within_a_scope(void **state) {
  (void)state;
  begin("hostile=all");
  nomem_pause();
  errno = 0;
  void *block = get(0);
  assert_non_null(block);
  assert_int_equal(errno, 0);
  nomem_resume();
  release(block);
  nomem_end(NULL);
  block = get(0);
  assert_non_null(block);
  release(block);
}

/* All ways together do not get in each other's way. */
static void all_together(void **state) {
  (void)state;
  begin("hostile=all");
  unsigned char *block = get(100);
  for (size_t size = 100; size < 20000; size += 300) {
    memset(block, 7, size);
    block = resize(block, size + 300);
    assert_true(is_all(block, size, 7));
    size_t usable = malloc_usable_size(block);
    assert_true(is_all(block + usable - 8, 8, NOMEM_HOSTILE_FRESH_BYTE));
  }
  release(block);
  assert_true(is_all(seen, seen_bytes, NOMEM_HOSTILE_FREED_BYTE));
}

/* What is written in all is bounded: a block that grows byte by byte does not take for ever. */
static void bounded(void **state) {
  (void)state;
  begin("hostile=moves");
  char *block = get(LARGE);
  size_t before = releases, moved = 0;
  for (size_t i = 1; i < 2000; i++) block = resize(block, LARGE - i);
  moved = releases - before;
  const uint64_t each = LARGE + NOMEM_HOSTILE_BLOCK_BYTES; /* is copied, and filled */
  assert_in_range(moved, NOMEM_HOSTILE_BYTES / each, NOMEM_HOSTILE_BYTES / each + 2);
  char *small = get(20);
  before = releases;
  small = resize(small, 10);
  assert_int_equal(releases, before + 1); /* which costs no more than the call */
  release(small);
  release(block);
}

/* Without block sizes it is not known how much there is to copy and to fill. */
static void without_sizes(void **state) {
  (void)state;
  struct nomem_error error = {0};
  assert_int_equal(nomem_install_over(take, malloc, realloc, calloc, free, NULL), 0);
  assert_int_equal(nomem_begin("hostile=zero", &error), -EINVAL);
  assert_string_equal(error.reason, "hostile= needs to know block sizes: give nomem_install_over a size_of");
  void *block = get(0);
  assert_non_null(block);
  release(block);
  install(NULL);
}

/* A program that goes wrong if the calls first..last are all served so, and how often it was run. */
struct fragile {
  uint64_t first, last;
  unsigned runs, most; /* the latter: no run is made after so many; 0: no bound */
};

static int is_bad(void *user, uint64_t from, uint64_t to) {
  struct fragile *fragile = user;
  assert_true(from <= to);
  if (fragile->most != 0 && fragile->runs == fragile->most) return -ECANCELED;
  fragile->runs++;
  return from <= fragile->first && fragile->last <= to;
}

/* One call is found by about the logarithm of their number, and two as well. */
static void narrows(void **state) {
  (void)state;
  for (uint64_t first = 1; first <= 40; first++)
    for (uint64_t last = first; last <= 40; last++) {
      struct fragile fragile = {.first = first, .last = last};
      uint64_t from = 1, to = 40;
      assert_int_equal(nomem__hostile_narrow(&from, &to, is_bad, &fragile), 0);
      assert_int_equal(from, first);
      assert_int_equal(to, last);
      assert_true(fragile.runs <= 2 * 6 + 1);
    }
  struct fragile late = {.first = 1000000, .last = 1000000};
  uint64_t from = 5, to = UINT64_C(1) << 40;
  assert_int_equal(nomem__hostile_narrow(&from, &to, is_bad, &late), 0);
  assert_int_equal(from, 1000000);
  assert_int_equal(to, 1000000);
  assert_true(late.runs <= 42);
}

/* Where no more runs can be made, that is said. */
static void narrows_no_further(void **state) {
  (void)state;
  for (unsigned most = 1; most < 8; most++) {
    struct fragile fragile = {.first = 20, .last = 30, .most = most};
    uint64_t from = 1, to = 40;
    assert_int_equal(nomem__hostile_narrow(&from, &to, is_bad, &fragile), -ECANCELED);
    assert_true(from <= 20 && to >= 30);
  }
}

#define TEST(name) cmocka_unit_test_teardown(name, end_scope)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(moves),
      TEST(fresh),
      TEST(fresh_and_large),
      TEST(freed),
      TEST(zero),
      TEST(sets_errno),
      TEST(align),
      TEST(by_number),
      TEST(only_within_a_scope),
      TEST(all_together),
      TEST(bounded),
      TEST(without_sizes),
      cmocka_unit_test(narrows),
      cmocka_unit_test(narrows_no_further),
  };
  return cmocka_run_group_tests(tests, install, NULL);
}
