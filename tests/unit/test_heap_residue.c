/* SPDX-License-Identifier: MIT */
/* Which leak a run has that the runs it is compared with have not, and which freed block a pointer was read from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../faults/block_table_format.h"
#include "../../faults/explore/residue/heap_residue.h"

#define LEAKS(...)                                                                                 \
  {                                                                                                \
    .leaks = (struct nomem__leak_site[]){__VA_ARGS__},                                             \
    .leak_count = sizeof(struct nomem__leak_site[]){__VA_ARGS__} / sizeof(struct nomem__leak_site) \
  }

/* A site, its culprit, and what it leaked. */
#define LEAK(number, of_culprit, in_blocks, in_bytes) \
  { .key = (number), .culprit = (of_culprit), .blocks = (in_blocks), .bytes = (in_bytes) }

static struct nomem__leak_site leak;

/* The key of the site that is found, against these two runs; 0: none. */
static uint64_t find(struct nomem__heap_residue here, struct nomem__heap_residue one, struct nomem__heap_residue two) {
  const struct nomem__heap_residue *there[] = {&one, &two};
  bool is_found = nomem__heap_residue_find_new_leak(&here, there, 2, NULL, &leak);
  assert_int_equal(is_found, leak.blocks > 0);
  return leak.key;
}

static const struct nomem__heap_residue none;

/* What no baseline leaks, or fewer blocks at the same site; what is more counts. As many blocks are no leak, whatever
 * their size. */
static void by_site(void **state) {
  (void)state;
  struct nomem__heap_residue here = LEAKS(LEAK(1, 1, 3, 30));
  assert_int_equal(find(none, none, none), 0);
  assert_int_equal(find(here, none, none), 1);
  assert_true(leak.blocks == 3 && leak.bytes == 30);
  struct nomem__heap_residue fewer = LEAKS(LEAK(1, 1, 2, 25)), equal = LEAKS(LEAK(1, 1, 3, 5));
  assert_int_equal(find(here, none, fewer), 1);
  assert_true(leak.blocks == 1 && leak.bytes == 5);
  assert_int_equal(find(here, fewer, fewer), 1); /* they are not added up */
  assert_int_equal(find(here, equal, none), 0);  /* one of them is enough */
  assert_int_equal(find(here, none, equal), 0);
  struct nomem__heap_residue larger = LEAKS(LEAK(1, 1, 2, 100));
  assert_int_equal(find(here, larger, none), 1);
  assert_true(leak.blocks == 1 && leak.bytes == 0);
}

/* A call that leaks as many blocks in the baseline by another path leaks nothing new: all its sites count together. */
static void by_culprit(void **state) {
  (void)state;
  struct nomem__heap_residue here = LEAKS(LEAK(1, 9, 2, 20)), other = LEAKS(LEAK(2, 9, 2, 20));
  assert_int_equal(find(here, other, none), 0);
  struct nomem__heap_residue fewer = LEAKS(LEAK(2, 9, 1, 10)), another = LEAKS(LEAK(2, 8, 2, 20));
  assert_int_equal(find(here, fewer, none), 1);
  assert_int_equal(find(here, another, none), 1);
  assert_int_equal(find(here, other, fewer), 0); /* one of them is enough */
  struct nomem__heap_residue both = LEAKS(LEAK(1, 9, 2, 20), LEAK(2, 9, 1, 10));
  assert_int_equal(find(both, other, none), 1);
  struct nomem__heap_residue larger = LEAKS(LEAK(1, 9, 1, 10), LEAK(2, 9, 2, 99));
  assert_int_equal(find(larger, other, none), 1); /* the other site has no more blocks, though more bytes */
}

/* Of several the one with the most bytes, and of equal ones the first by key: the same one in every run. */
static void the_largest(void **state) {
  (void)state;
  struct nomem__heap_residue here = LEAKS(LEAK(1, 1, 5, 10), LEAK(2, 2, 1, 30), LEAK(3, 3, 1, 30));
  assert_int_equal(find(here, none, none), 2);
  struct nomem__heap_residue there = LEAKS(LEAK(2, 2, 1, 30), LEAK(3, 3, 1, 30));
  assert_int_equal(find(here, there, there), 1);
}

static bool counts_not_2(const void *user, const struct nomem__leak_site *site) {
  assert_ptr_equal(user, &leak);
  return site->key != 2;
}

/* Of a run that gave up: what main() held is taken out, and what the rule says no to; the next largest counts then. */
static void filtered(void **state) {
  (void)state;
  const struct nomem__leak_filter filter = {counts_not_2, &leak, NULL};
  struct nomem__heap_residue here = LEAKS(LEAK(1, 1, 3, 30), LEAK(2, 2, 9, 90)), there = LEAKS(LEAK(1, 1, 1, 10));
  const struct nomem__heap_residue *baselines[] = {&there};
  assert_true(nomem__heap_residue_find_new_leak(&here, baselines, 1, NULL, &leak));
  assert_int_equal(leak.key, 2);
  assert_true(nomem__heap_residue_find_new_leak(&here, baselines, 1, &filter, &leak));
  assert_true(leak.key == 1 && leak.blocks == 2 && leak.bytes == 20);
  here.leaks[0].held_blocks = 1;
  here.leaks[0].held_bytes = 10;
  assert_true(nomem__heap_residue_find_new_leak(&here, baselines, 1, &filter, &leak));
  assert_true(leak.key == 1 && leak.blocks == 1 && leak.bytes == 10);
  here.leaks[0].held_blocks = 3;
  here.leaks[0].held_bytes = 30;
  assert_false(nomem__heap_residue_find_new_leak(&here, NULL, 0, &filter, &leak));
}

/* Of any run: some leaks are nobody's who is under test. */
static void impossible(void **state) {
  (void)state;
  const struct nomem__leak_filter filter = {NULL, &leak, counts_not_2};
  struct nomem__heap_residue here = LEAKS(LEAK(1, 1, 3, 30), LEAK(2, 2, 9, 90));
  here.leaks[0].held_blocks = 3;
  here.leaks[0].held_bytes = 30;
  assert_true(nomem__heap_residue_find_new_leak(&here, NULL, 0, &filter, &leak));
  assert_true(leak.key == 1 && leak.blocks == 3 && leak.bytes == 30);
}

/* The site of the block that lies at or right before where a pointer points that was made of its poison; 0: none. */
static uint32_t quarantined_at(uint64_t pointer) {
  struct nomem__quarantined blocks[] = {{0x1000, 16, 1, 0}, {0x40000, 16, 2, 0}};
  const struct nomem__heap_residue heap = {.quarantined = blocks, .quarantined_count = 2};
  const struct nomem__quarantined *block = nomem__heap_residue_find_quarantined(&heap, pointer);
  return block != NULL ? block->site : 0;
}

static void quarantined(void **state) {
  (void)state;
  assert_int_equal(quarantined_at(NOMEM_BLOCK_TABLE_POISON(0x1000)), 1);
  assert_int_equal(quarantined_at(NOMEM_BLOCK_TABLE_POISON(0x40000)), 2);
  assert_int_equal(quarantined_at(NOMEM_BLOCK_TABLE_POISON(0x40000) + 0xffff), 2); /* a member's address */
  assert_int_equal(quarantined_at(NOMEM_BLOCK_TABLE_POISON(0x40000) + 0x10000), 0);
  assert_int_equal(quarantined_at(NOMEM_BLOCK_TABLE_POISON(0xfff)), 0);
  assert_int_equal(quarantined_at(0), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(by_site),     cmocka_unit_test(by_culprit),
                                     cmocka_unit_test(the_largest), cmocka_unit_test(filtered),
                                     cmocka_unit_test(impossible),  cmocka_unit_test(quarantined)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
