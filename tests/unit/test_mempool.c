/* SPDX-License-Identifier: MIT */
/* The pool through its public interface. Random parts are seeded, so a failure repeats. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "fixtures/pool.h"

#define MAX_LIVE 4096

static uint64_t random_state;

static size_t random_below(size_t limit) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return (size_t)(random_state >> 33) % limit;
}

/* Sizes as programs ask for them: mostly small, now and then large, spread over all size classes. */
static size_t random_size(void) {
  return random_below((size_t)16 << random_below(11));
}

static struct mempool_stats stats_now(void) {
  struct mempool_stats stats;
  mempool_stats(&stats);
  return stats;
}

static void expect_empty(size_t largest) {
  struct mempool_stats stats = stats_now();
  assert_int_equal(mempool_check(), 0);
  assert_int_equal(stats.blocks, 0);
  assert_int_equal(stats.in_use_bytes, 0);
  assert_int_equal(stats.largest_free, largest);
}

/* Every block, of any size and after any other, is 16-byte aligned and as large as its usable size says. */
static void blocks_are_aligned(void **state) {
  (void)state;
  void *blocks[300];
  for (size_t size = 0; size < 300; size++) {
    blocks[size] = mempool_malloc(size);
    assert_non_null(blocks[size]);
    assert_int_equal((uintptr_t)blocks[size] % MEMPOOL_ALIGNMENT, 0);
    size_t usable = mempool_usable_size(blocks[size]);
    assert_true(usable >= size && usable >= 8 && usable < size + 16);
    memset(blocks[size], 0xff, usable);
  }
  assert_int_equal(mempool_check(), 0);
  for (size_t size = 0; size < 300; size++) mempool_free(blocks[size]);
}

/* The statistics follow each call to the byte. */
static void statistics_are_exact(void **state) {
  (void)state;
  struct mempool_stats stats = stats_now();
  const size_t capacity = stats.capacity_bytes;
  assert_true(capacity >= POOL_BYTES - POOL_BYTES / 128 - 64 && capacity <= POOL_BYTES);
  assert_int_equal(stats.largest_free, capacity - MEMPOOL_OVERHEAD);
  void *a = mempool_malloc(8), *b = mempool_malloc(9), *c = mempool_calloc(10, 10);
  stats = stats_now();
  assert_int_equal(stats.in_use_bytes, 16 + 32 + 112);
  assert_int_equal(stats.blocks, 3);
  assert_int_equal(stats.largest_free, capacity - 160 - MEMPOOL_OVERHEAD);
  mempool_free(b);
  a = mempool_realloc(a, 40); /* 16 + 32 bytes: the place of the first two */
  stats = stats_now();
  assert_int_equal(stats.in_use_bytes, 48 + 112);
  assert_int_equal(stats.high_water_bytes, 160);
  assert_int_equal(stats.blocks, 2);
  assert_null(mempool_malloc(capacity));
  assert_null(mempool_realloc(a, capacity));
  assert_null(mempool_calloc(SIZE_MAX, 2));
  stats = stats_now();
  assert_int_equal(stats.failed_requests, 3);
  assert_int_equal(stats.in_use_bytes, 160);
  mempool_free(a);
  mempool_free(c);
  stats = stats_now();
  assert_int_equal(stats.in_use_bytes, 0);
  assert_int_equal(stats.high_water_bytes, 160);
  assert_int_equal(stats.largest_free, capacity - MEMPOOL_OVERHEAD);
}

/* A full pool answers NULL with ENOMEM, and whatever the order in which blocks come back it is one block again. */
static void exhaustion_recovers_completely(void **state) {
  (void)state;
  static void *blocks[MAX_LIVE * 4];
  const size_t largest = stats_now().largest_free;
  for (random_state = 1; random_state < 20; random_state++) {
    uint64_t seed = random_state;
    size_t count = 0;
    for (void *block; (block = mempool_malloc(random_size())) != NULL;) blocks[count++] = block;
    assert_int_equal(errno, ENOMEM);
    for (void *block; (block = mempool_malloc(1)) != NULL;) blocks[count++] = block;
    assert_int_equal(stats_now().in_use_bytes, stats_now().capacity_bytes);
    assert_int_equal(stats_now().largest_free, 0);
    for (; count > 0; count--) {
      size_t i = random_below(count);
      mempool_free(blocks[i]);
      blocks[i] = blocks[count - 1];
    }
    expect_empty(largest);
    void *all = mempool_malloc(largest);
    assert_non_null(all);
    assert_null(mempool_malloc(0));
    mempool_free(all);
    random_state = seed;
  }
}

struct piece {
  unsigned char *ptr;
  size_t size;
  unsigned char fill;
};

static void expect_filled(const struct piece *piece, size_t size) {
  for (size_t i = 0; i < size; i++) assert_int_equal(piece->ptr[i], piece->fill);
}

static void check_failure(size_t size) {
  assert_int_equal(errno, ENOMEM);
  assert_true(size > stats_now().largest_free);
}

static void random_step(struct piece *piece) {
  size_t size = random_size();
  if (!piece->ptr) {
    piece->size = size;
    piece->fill = (unsigned char)random_below(256);
    piece->ptr = random_below(2) ? mempool_malloc(size) : mempool_calloc(size, 1);
    if (!piece->ptr) check_failure(size);
  } else if (random_below(3) == 0) {
    size++; /* 0 would free */
    unsigned char *moved = mempool_realloc(piece->ptr, size);
    if (!moved) check_failure(size);
    if (moved) piece->ptr = moved;
    expect_filled(piece, moved && size < piece->size ? size : piece->size);
    if (moved) piece->size = size;
  } else {
    expect_filled(piece, piece->size);
    mempool_free(piece->ptr);
    piece->ptr = NULL;
  }
  if (piece->ptr) memset(piece->ptr, piece->fill, piece->size);
}

/* Under a long random mix of calls no block overlaps another or loses its contents, the pool stays well-formed, and a
 * request is refused only when no free block is large enough. */
static void random_use_keeps_every_promise(void **state) {
  (void)state;
  static struct piece pieces[MAX_LIVE / 8];
  const size_t largest = stats_now().largest_free, count = sizeof(pieces) / sizeof(*pieces);
  random_state = 7;
  for (unsigned step = 0; step < 60000; step++) {
    random_step(&pieces[random_below(count)]);
    if (step % 16 == 0) assert_int_equal(mempool_check(), 0);
  }
  assert_true(stats_now().failed_requests > 0);
  for (size_t i = 0; i < count; i++) mempool_free(pieces[i].ptr);
  expect_empty(largest);
}

/* largest_free is what it says: that size can be had, one byte more cannot, at every stage of fragmentation. */
static void largest_free_can_be_had(void **state) {
  (void)state;
  static void *blocks[MAX_LIVE];
  random_state = 3;
  size_t count = 0;
  for (void *block; (block = mempool_malloc(random_size())) != NULL;) blocks[count++] = block;
  while (count > 0) {
    size_t i = random_below(count), largest = stats_now().largest_free;
    void *block = mempool_malloc(largest);
    assert_true(block || largest == 0);
    mempool_free(block);
    assert_null(mempool_malloc(largest + 1));
    mempool_free(blocks[i]);
    blocks[i] = blocks[--count];
  }
}

/* Among free blocks of one size class the smallest that is large enough is taken, whichever was freed last. */
static void smallest_fitting_block_is_taken(void **state) {
  (void)state;
  enum { COUNT = 16, STEP = 16, BASE = 4096 + 8 }; /* 256 granules and more: classes of eight sizes */
  void *blocks[COUNT], *fences[COUNT];
  for (size_t i = 0; i < COUNT; i++) {
    blocks[i] = mempool_malloc(BASE + i * STEP);
    fences[i] = mempool_malloc(1);
  }
  for (size_t i = 0; i < COUNT; i++) mempool_free(blocks[i * 7 % COUNT]);
  for (size_t i = 0; i < COUNT; i++) {
    size_t pick = i * 11 % COUNT;
    assert_ptr_equal(mempool_malloc(BASE + pick * STEP), blocks[pick]);
    assert_int_equal(mempool_check(), 0);
  }
  mempool_free(blocks[5]);
  mempool_free(blocks[9]);
  assert_ptr_equal(mempool_malloc(BASE + 3 * STEP), blocks[5]);
  assert_ptr_equal(mempool_malloc(BASE + 6 * STEP), blocks[9]);
  for (size_t i = 0; i < COUNT; i++) {
    mempool_free(blocks[i]);
    mempool_free(fences[i]);
  }
}

/* realloc stays in place when it shrinks and when the memory behind is free, and then uses exactly that memory. */
static void realloc_in_place(void **state) {
  (void)state;
  char *a = mempool_malloc(1000);
  strcpy(a, "kept");
  const size_t rest = stats_now().largest_free;
  assert_ptr_equal(mempool_realloc(a, 5000), a);
  assert_ptr_equal(mempool_realloc(a, 24), a);
  assert_ptr_equal(mempool_realloc(a, 1000), a);
  assert_int_equal(stats_now().largest_free, rest);
  size_t everything = stats_now().capacity_bytes - MEMPOOL_OVERHEAD;
  assert_ptr_equal(mempool_realloc(a, everything), a);
  assert_int_equal(stats_now().largest_free, 0);
  assert_null(mempool_realloc(a, everything + 1));
  assert_string_equal(a, "kept");
  mempool_free(a);
}

/* realloc moves when a neighbour is in the way: the contents go along and the old place is free. */
static void realloc_moves(void **state) {
  (void)state;
  char *a = mempool_malloc(24), *fence = mempool_malloc(24);
  memcpy(a, "twenty-three characters", 24);
  char *moved = mempool_realloc(a, 2000);
  assert_non_null(moved);
  assert_ptr_not_equal(moved, a);
  assert_string_equal(moved, "twenty-three characters");
  assert_int_equal(stats_now().blocks, 2);
  assert_ptr_equal(mempool_malloc(24), a);
  mempool_free(a);
  mempool_free(moved);
  mempool_free(fence);
}

/* A realloc that fails leaves the block where it was, its contents and its size as they were. */
static void failed_realloc_changes_nothing(void **state) {
  (void)state;
  char *a = mempool_malloc(100), *fence = mempool_malloc(8);
  memset(a, 'a', 100);
  const size_t usable = mempool_usable_size(a), in_use = stats_now().in_use_bytes;
  const size_t sizes[] = {POOL_BYTES, SIZE_MAX, SIZE_MAX - 7, SIZE_MAX - 23, SIZE_MAX / 2};
  for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
    errno = 0;
    assert_null(mempool_realloc(a, sizes[i]));
    assert_int_equal(errno, ENOMEM);
  }
  for (int i = 0; i < 100; i++) assert_int_equal(a[i], 'a');
  assert_int_equal(mempool_usable_size(a), usable);
  assert_int_equal(stats_now().in_use_bytes, in_use);
  mempool_free(a);
  mempool_free(fence);
}

/* Size 0: malloc and calloc give distinct blocks, realloc of NULL too, realloc of a block frees it, errno stays. */
static void size_zero_is_defined(void **state) {
  (void)state;
  errno = ERANGE;
  void *blocks[] = {mempool_malloc(0), mempool_calloc(0, 8), mempool_calloc(8, 0), mempool_realloc(NULL, 0)};
  for (size_t i = 0; i < 4; i++) {
    assert_non_null(blocks[i]);
    for (size_t j = 0; j < i; j++) assert_ptr_not_equal(blocks[i], blocks[j]);
  }
  for (size_t i = 0; i < 4; i++) assert_null(mempool_realloc(blocks[i], 0));
  assert_int_equal(errno, ERANGE);
  assert_int_equal(stats_now().blocks, 0);
}

/* Sizes near the top of size_t, and products that wrap to something small, are refused. */
static void overflow_is_refused(void **state) {
  (void)state;
  for (size_t below = 0; below < 64; below++) {
    errno = 0;
    assert_null(mempool_malloc(SIZE_MAX - below));
    assert_int_equal(errno, ENOMEM);
  }
  const size_t half = (size_t)1 << (sizeof(size_t) * 4);
  errno = 0;
  assert_null(mempool_calloc(half, half));          /* wraps to 0 */
  assert_null(mempool_calloc(half + 1, half));      /* wraps to half */
  assert_null(mempool_calloc(SIZE_MAX / 8 + 2, 8)); /* wraps to 8 */
  assert_int_equal(errno, ENOMEM);
}

/* calloc zeroes memory that was used before. */
static void calloc_zeroes(void **state) {
  (void)state;
  void *used = mempool_malloc(5000);
  memset(used, 0xff, 5000);
  mempool_free(used);
  unsigned char *zeroed = mempool_calloc(50, 100);
  assert_ptr_equal(zeroed, used);
  for (size_t i = 0; i < 5000; i++) assert_int_equal(zeroed[i], 0);
  mempool_free(zeroed);
}

/* free leaves errno alone, for a block, for NULL, and for misuse whose handler sets it. */
static void free_preserves_errno(void **state) {
  (void)state;
  void *block = mempool_malloc(10);
  int on_stack = 0;
  errno = ERANGE;
  mempool_free(block);
  mempool_free(NULL);
  mempool_free(&on_stack);
  assert_int_equal(errno, ERANGE);
  assert_int_equal(misuses, 1);
}

/* What is refused at the start is refused with the right code, and leaves no pool behind. */
static void init_refuses_what_it_cannot_use(void **state) {
  (void)state;
  static char memory[MEMPOOL_BYTES_MIN];
  for (size_t bytes = 0; bytes < MEMPOOL_BYTES_MIN; bytes++) {
    assert_int_equal(mempool_init(memory, bytes), -EINVAL);
    assert_int_equal(mempool_init(NULL, bytes), -EINVAL);
  }
  assert_int_equal(mempool_init(NULL, MEMPOOL_BYTES_MAX + 1), -EINVAL);
  assert_int_equal(mempool_init(NULL, SIZE_MAX), -EINVAL);
  struct rlimit old, tight;
  assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
  tight = old;
  tight.rlim_cur = (rlim_t)1 << 30;
  assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
  errno = ERANGE;
  int result = mempool_init(NULL, (size_t)8 << 30);
  assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
  assert_int_equal(result, -ENOMEM);
  assert_int_equal(errno, ERANGE);
  assert_int_equal(stats_now().capacity_bytes, 0);
  assert_int_equal(mempool_init(memory, sizeof(memory)), 0);
  assert_int_equal(mempool_init(memory, sizeof(memory)), -EBUSY);
  assert_int_equal(mempool_destroy(), 0);
  assert_int_equal(mempool_destroy(), 0);
}

/* Memory of any length and alignment works, is used to the last granule, and nothing outside it is written. */
static void any_memory_will_do(void **state) {
  (void)state;
  enum { MOST = 2600, FENCE = 64 };
  static unsigned char area[FENCE + 16 + MOST + FENCE];
  mempool_on_misuse(record_misuse);
  for (size_t bytes = MEMPOOL_BYTES_MIN; bytes <= MOST; bytes += bytes < 200 ? 1 : 37) {
    for (size_t skew = 0; skew < 16; skew++) {
      memset(area, 0xa5, sizeof(area));
      unsigned char *memory = area + FENCE + skew;
      assert_int_equal(mempool_init(memory, bytes), 0);
      size_t largest = stats_now().largest_free;
      assert_true(largest >= 8 && largest + 80 + bytes / 128 >= bytes);
      unsigned char *block = mempool_malloc(largest);
      assert_int_equal((uintptr_t)block % MEMPOOL_ALIGNMENT, 0);
      assert_true(block >= memory && block + largest <= memory + bytes);
      memset(block, 0x5a, largest);
      assert_int_equal(mempool_check(), 0);
      mempool_free(block);
      expect_empty(largest);
      assert_int_equal(mempool_destroy(), 0);
      for (unsigned char *byte = area; byte < area + sizeof(area); byte++) {
        if (byte < memory || byte >= memory + bytes) assert_int_equal(*byte, 0xa5);
      }
    }
  }
}

/* A pool with blocks in use is not taken away. */
static void destroy_waits_for_the_last_block(void **state) {
  (void)state;
  char *block = mempool_malloc(10);
  assert_int_equal(mempool_destroy(), -EBUSY);
  strcpy(block, "still ok");
  assert_int_equal(stats_now().blocks, 1);
  mempool_free(block);
}

#define IN_POOL(function) cmocka_unit_test_setup_teardown(function, make_pool, end_pool)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_POOL(blocks_are_aligned),
      IN_POOL(statistics_are_exact),
      IN_POOL(exhaustion_recovers_completely),
      IN_POOL(random_use_keeps_every_promise),
      IN_POOL(largest_free_can_be_had),
      IN_POOL(smallest_fitting_block_is_taken),
      IN_POOL(realloc_in_place),
      IN_POOL(realloc_moves),
      IN_POOL(failed_realloc_changes_nothing),
      IN_POOL(size_zero_is_defined),
      IN_POOL(overflow_is_refused),
      IN_POOL(calloc_zeroes),
      IN_POOL(free_preserves_errno),
      IN_POOL(destroy_waits_for_the_last_block),
      cmocka_unit_test(init_refuses_what_it_cannot_use),
      cmocka_unit_test(any_memory_will_do),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
