/* SPDX-License-Identifier: MIT */
/* The pool's index of free blocks against a plain array: sizes crowded into few classes, which makes the trees deep,
 * and spread over all. Only the headers matter to the index, so blocks here have sizes that their places do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mempool_internal.h"

enum { BLOCKS = 400, STRIDE = 2, STEPS = 40000 };

static struct mempool__pool pool;
static _Alignas(16) char memory[(BLOCKS + 1) * STRIDE * MEMPOOL__GRANULE];
static bool indexed[BLOCKS];
static uint64_t random_state;

static uint32_t random_below(uint32_t limit) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((random_state >> 33) % limit);
}

static uint32_t id_of(uint32_t i) {
  return (i + 1) * STRIDE;
}

static uint32_t size_of(uint32_t i) {
  return mempool__at(&pool, id_of(i))->size;
}

/* The answer must be a block that is in the index, and of exactly the size that the array says is best. */
static void expect_size(uint32_t id, uint32_t size) {
  assert_int_equal(id != 0, size != 0);
  if (id == 0) return;
  assert_true(indexed[id / STRIDE - 1]);
  assert_int_equal(mempool__at(&pool, id)->size, size);
}

static void compare(uint32_t wanted) {
  uint32_t best = 0, largest = 0;
  for (uint32_t i = 0; i < BLOCKS; i++) {
    if (!indexed[i]) continue;
    uint32_t size = size_of(i);
    if (size > largest) largest = size;
    if (size >= wanted && (best == 0 || size < best)) best = size;
  }
  expect_size(mempool__index_find(&pool, wanted), best);
  expect_size(mempool__index_largest(&pool), largest);
}

/* low..low + span - 1 are the sizes used; a small share of BLOCKS is indexed at a time, then most, then few again. */
static void run(uint32_t low, uint32_t span) {
  pool = (struct mempool__pool){.base = memory};
  memset(indexed, 0, sizeof(indexed));
  random_state = low + span;
  for (uint32_t step = 0; step < STEPS; step++) {
    uint32_t i = random_below(step % 8000 < 4000 ? BLOCKS : BLOCKS / 40);
    if (indexed[i]) {
      mempool__index_remove(&pool, id_of(i));
    } else {
      mempool__at(&pool, id_of(i))->size = low + random_below(span);
      mempool__index_insert(&pool, id_of(i));
    }
    indexed[i] = !indexed[i];
    compare(low + random_below(span));
  }
  for (uint32_t i = 0; i < BLOCKS; i++) {
    if (indexed[i]) mempool__index_remove(&pool, id_of(i));
  }
  assert_int_equal(pool.rows, 0);
  for (uint32_t class = 0; class < MEMPOOL__CLASSES; class ++) assert_int_equal(pool.bins[class], 0);
}

/* Sizes that have a class each, where classes are mere lists. */
static void exact_sizes(void **state) {
  (void)state;
  run(1, 80);
}

/* One class of 2^6 sizes: every block in one tree, with several of each size. */
static void one_crowded_class(void **state) {
  (void)state;
  run(1U << 11, 1U << 6);
}

/* One class of 2^20 sizes: every block in one tree, nearly all different. */
static void one_deep_class(void **state) {
  (void)state;
  run(1U << 25, 1U << 20);
}

/* Several classes of several sizes each. */
static void neighbouring_classes(void **state) {
  (void)state;
  run(1000, 600);
}

/* All sizes that four bytes can hold. */
static void all_sizes(void **state) {
  (void)state;
  run(1, UINT32_MAX);
}

/* Each size belongs to the one class whose range holds it: found there when it is the only block. */
static void every_class_holds_its_range(void **state) {
  (void)state;
  pool = (struct mempool__pool){.base = memory};
  struct mempool__block *block = mempool__at(&pool, STRIDE);
  uint64_t next_low = 1;
  for (uint32_t class = 1; class < MEMPOOL__CLASSES; class ++) {
    struct mempool__range range = mempool__class_range(class);
    assert_int_equal(range.low, next_low); /* no size is left out, none is in two */
    next_low += range.span;
    const uint32_t ends[] = {range.low, range.low + (range.span - 1)};
    for (int end = 0; end < 2; end++) {
      block->size = ends[end];
      mempool__index_insert(&pool, STRIDE);
      assert_int_equal(pool.bins[class], STRIDE);
      assert_int_equal(mempool__index_find(&pool, ends[end]), STRIDE);
      if (ends[end] < UINT32_MAX) assert_int_equal(mempool__index_find(&pool, ends[end] + 1), 0);
      mempool__index_remove(&pool, STRIDE);
    }
  }
  assert_int_equal(next_low, (uint64_t)1 << 32);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exact_sizes),    cmocka_unit_test(one_crowded_class),
      cmocka_unit_test(one_deep_class), cmocka_unit_test(neighbouring_classes),
      cmocka_unit_test(all_sizes),      cmocka_unit_test(every_class_holds_its_range),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
