/* SPDX-License-Identifier: MIT */
/* What a block table shows of a process at its end, on images that are made up: which blocks were misused. */
#include "fixtures/scanned_heap.h"

static void quarantined_blocks(void **state) {
  (void)state;
  quarantine(BLOCK(0), 64, 3);
  assert_int_equal(leaked(), 0);
  assert_int_equal(heap.quarantined_count, 1);
  assert_true(heap.quarantined[0].address == BLOCK(0) && heap.quarantined[0].size == 64);
  assert_true(heap.quarantined[0].site == 3 && heap.quarantined[0].freed_at == 7);
  enter(BLOCK(0), 64, NOMEM_BLOCK_TABLE_FREED, 3);
  assert_int_equal(leaked(), 0);
  assert_int_equal(heap.quarantined_count, 0);
}

/* A block with pages of its own is one like any other, up to their end; where it was, is known after its free, too. */
static void guarded_blocks(void **state) {
  const uint64_t live = HEAP + 3 * 4096 - 48, closed = HEAP + 5 * 4096 - 32;
  size_t room;
  (void)state;
  enter(live, 40, NOMEM_BLOCK_TABLE_LIVE_GUARDED, 1);
  enter(closed, 32, NOMEM_BLOCK_TABLE_CLOSED, 2);
  memset(find(live + 40, &room), NOMEM_BLOCK_TABLE_CANARY, 8);
  put(DATA + 8, BLOCK(0));
  put(BLOCK(0) + 8, closed); /* a pointer that was kept */
  assert_int_equal(leaked(), 1);
  assert_true(heap.guarded_count == 2 && heap.guarded[0].address == live && heap.guarded[1].address == closed);
  assert_true(!heap.guarded[0].is_closed && heap.guarded[0].size == 40 && heap.guarded[0].site == 1);
  assert_true(heap.guarded[1].is_closed && heap.guarded[1].site == 2 && heap.guarded[1].freed_at == 7);
  assert_false(heap.has_misuse);
  put(DATA + 16, live + 32); /* where the C library's next block would have its header */
  assert_int_equal(leaked(), 0);
  memset(find(live + 47, &room), 0, 1);
  scan();
  assert_true(heap.has_misuse && heap.misuse.kind == NOMEM_MISUSE_OVERRUN && heap.misuse.site == 1);
}

/* Where guarded blocks lie, nothing but these blocks keeps another. */
static void beside_guarded_blocks(void **state) {
  (void)state;
  assert_true(is_root(MAPPED + 8));
  process.table.guarded_start = MAPPED;
  process.table.guarded_bytes = 4096;
  assert_false(is_root(MAPPED + 8));
  assert_true(is_root(MAPPED + 4096));
}

/* A block that was written past its end: its canary is changed. One that has none is not judged. */
static void overrun(void **state) {
  (void)state;
  leaked();
  assert_false(heap.has_misuse);
  put(BLOCK(0) + 64, 0xc9c9c9c9c9c9c900);
  leaked();
  assert_true(heap.has_misuse && heap.misuse.kind == NOMEM_MISUSE_OVERRUN && heap.misuse.site == 0);
  enter(BLOCK(0), 64, NOMEM_BLOCK_TABLE_LIVE, 0);
  leaked();
  assert_false(heap.has_misuse);
}

/* Where it fills its block of the C library, the header of the next one is changed. */
static void overrun_into_a_header(void **state) {
  (void)state;
  enter(BLOCK(0), 72, NOMEM_BLOCK_TABLE_LIVE_CANARY, 0);
  put(BLOCK(0) - 8, 80 | 1);
  put(BLOCK(0) + 72, 0x41 | 1);
  leaked();
  assert_false(heap.has_misuse);
  put(BLOCK(0) + 72, 0);
  leaked();
  assert_true(heap.has_misuse && heap.misuse.kind == NOMEM_MISUSE_OVERRUN);
  put(BLOCK(0) - 8, 4096); /* where the next one is, is not known */
  leaked();
  assert_false(heap.has_misuse);
}

/* A block that was written after it was freed, at one of its ends; its middle has no poison. */
static void written_after_free(void **state) {
  (void)state;
  enter(BLOCK(0), 64, NOMEM_BLOCK_TABLE_FREED, 0);
  quarantine(BLOCK(1), 4400, 1);
  leaked();
  assert_false(heap.has_misuse);
  put(BLOCK(1) + 2200, 1);
  leaked();
  assert_false(heap.has_misuse);
  put(BLOCK(1) + 8, 1);
  leaked();
  assert_true(heap.has_misuse && heap.misuse.kind == NOMEM_MISUSE_WRITTEN);
  assert_true(heap.misuse.site == 1 && heap.misuse.freed_at == 7);
  quarantine(BLOCK(1), 4400, 1);
  put(BLOCK(1) + 4392, 1);
  leaked();
  assert_true(heap.has_misuse && heap.misuse.kind == NOMEM_MISUSE_WRITTEN);
}

/* The first by address: what is written past the end of a block may go on into the next. */
static void which_block_was_misused(void **state) {
  (void)state;
  quarantine(BLOCK(1), 64, 1);
  put(BLOCK(1), 1);
  leaked();
  assert_true(heap.has_misuse && heap.misuse.site == 1);
  put(BLOCK(0) + 64, 0);
  leaked();
  assert_true(heap.has_misuse && heap.misuse.site == 0 && heap.misuse.kind == NOMEM_MISUSE_OVERRUN);
  enter(BLOCK(0), 64, NOMEM_BLOCK_TABLE_FREED, 0);
  leaked();
  assert_true(heap.has_misuse && heap.misuse.site == 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(quarantined_blocks),    CASE(guarded_blocks),     CASE(beside_guarded_blocks),   CASE(overrun),
      CASE(overrun_into_a_header), CASE(written_after_free), CASE(which_block_was_misused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
