/* SPDX-License-Identifier: MIT */
/* Which block a fault address belongs to, and what was done to it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/block_table_format.h"
#include "../../faults/explore/residue/guarded_use.h"

#define PAGE NOMEM_GUARDED_PAGE
#define REGION UINT64_C(0x7f0000000000)

/* Pages of the region: 0 free, 1 a block in use, 2 its guard, 3 a freed block, 4 its guard, 5 and 6 a block that fills
 * both, 7 its guard, 8 a block of no bytes, which is a guard itself. */
static struct nomem__guarded blocks[] = {
    {.address = REGION + 2 * PAGE - 48, .size = 40, .site = 1},
    {.address = REGION + 4 * PAGE - 64, .size = 64, .site = 2, .freed_at = 7, .is_closed = true},
    {.address = REGION + 5 * PAGE, .size = 2 * PAGE, .site = 3},
    {.address = REGION + 8 * PAGE, .size = 0, .site = 4},
};
static const struct nomem__heap_residue heap = {.guarded = blocks, .guarded_count = 4};

static struct nomem__guarded_use use_at(uint64_t address, enum nomem__access access) {
  const struct nomem__stack stack = {
      .signal = SIGSEGV, .code = SEGV_ACCERR, .has_fault_address = true, .fault_address = address, .access = access};
  return nomem__guarded_use_find(&heap, &stack);
}

static void expect(uint64_t address, enum nomem__guarded_place place, uint32_t site) {
  const struct nomem__guarded_use use = use_at(address, NOMEM_ACCESS_READ);
  if (use.place != place || (place != NOMEM_GUARDED_NONE && use.block.site != site))
    fail_msg("at page %d, byte %d: place %d, site %u", (int)((address - REGION) / PAGE), (int)(address % PAGE),
             (int)use.place, use.block.site);
}

static void places(void **state) {
  (void)state;
  expect(REGION + 2 * PAGE, NOMEM_GUARDED_PAST_END, 1);
  expect(REGION + 3 * PAGE - 1, NOMEM_GUARDED_PAST_END, 1); /* the block behind it begins later on its page */
  expect(REGION + 3 * PAGE, NOMEM_GUARDED_FREED, 2);        /* before its beginning, on its own page */
  expect(REGION + 4 * PAGE - 64, NOMEM_GUARDED_FREED, 2);
  expect(REGION + 4 * PAGE - 1, NOMEM_GUARDED_FREED, 2);
  expect(REGION + 4 * PAGE, NOMEM_GUARDED_FREED, 2); /* past the end of what was freed */
  expect(REGION + 5 * PAGE - 8, NOMEM_GUARDED_BEFORE, 3);
  expect(REGION + 7 * PAGE, NOMEM_GUARDED_PAST_END, 3);
  expect(REGION + 8 * PAGE, NOMEM_GUARDED_PAST_END, 4);
  expect(REGION + 8 * PAGE + 100, NOMEM_GUARDED_PAST_END, 4);
}

/* Where the program went on, the block may have been freed since. */
static void seen_later(void **state) {
  struct nomem__stack stack = {.signal = SIGSEGV, .code = SEGV_ACCERR, .has_fault_address = true};
  (void)state;
  stack.fault_address = REGION + 4 * PAGE;
  const struct nomem__guarded_use use = nomem__guarded_use_find_earlier(&heap, &stack);
  assert_true(use.place == NOMEM_GUARDED_PAST_END && !use.block.is_closed && use.block.site == 2);
  stack.fault_address = REGION + 4 * PAGE - 1;
  assert_int_equal(nomem__guarded_use_find_earlier(&heap, &stack).place, NOMEM_GUARDED_FREED);
  stack.fault_address = REGION + 2 * PAGE;
  assert_int_equal(nomem__guarded_use_find_earlier(&heap, &stack).place, NOMEM_GUARDED_PAST_END);
}

/* Where the program may be, and where no block is near: it crashed for another reason. */
static void elsewhere(void **state) {
  (void)state;
  expect(REGION + 2 * PAGE - 48, NOMEM_GUARDED_NONE, 0);
  expect(REGION + 6 * PAGE, NOMEM_GUARDED_NONE, 0);
  expect(REGION + 9 * PAGE, NOMEM_GUARDED_NONE, 0);
  expect(REGION - PAGE, NOMEM_GUARDED_NONE, 0);
  expect(0, NOMEM_GUARDED_NONE, 0);
  expect(UINT64_MAX, NOMEM_GUARDED_NONE, 0);
  struct nomem__stack stack = {
      .signal = SIGBUS, .code = 1, .has_fault_address = true, .fault_address = REGION + 2 * PAGE};
  assert_int_equal(nomem__guarded_use_find(&heap, &stack).place, NOMEM_GUARDED_NONE);
  stack.signal = SIGSEGV;
  stack.code = SI_USER;
  assert_int_equal(nomem__guarded_use_find(&heap, &stack).place, NOMEM_GUARDED_NONE);
  stack.code = SEGV_ACCERR;
  stack.has_fault_address = false;
  assert_int_equal(nomem__guarded_use_find(&heap, &stack).place, NOMEM_GUARDED_NONE);
  static const struct nomem__heap_residue none;
  stack.has_fault_address = true;
  assert_int_equal(nomem__guarded_use_find(&none, &stack).place, NOMEM_GUARDED_NONE);
}

static void words(void **state) {
  static const struct {
    uint64_t address;
    enum nomem__access access;
    const char *text;
  } cases[] = {
      {REGION + 4 * PAGE - 8, NOMEM_ACCESS_READ, "a block was read after it was freed"},
      {REGION + 4 * PAGE - 8, NOMEM_ACCESS_WRITE, "a block was written after it was freed"},
      {REGION + 4 * PAGE - 8, NOMEM_ACCESS_UNKNOWN, "a block was read after it was freed"},
      {REGION + 2 * PAGE, NOMEM_ACCESS_READ, "a block was read past its end"},
      {REGION + 2 * PAGE, NOMEM_ACCESS_WRITE, "a block was written past its end"},
      {REGION + 5 * PAGE - 1, NOMEM_ACCESS_READ, "a block was read before its beginning"},
      {REGION + 5 * PAGE - 1, NOMEM_ACCESS_WRITE, "a block was written before its beginning"},
      {0, NOMEM_ACCESS_WRITE, ""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const struct nomem__guarded_use use = use_at(cases[i].address, cases[i].access);
    assert_string_equal(nomem__guarded_use_text(&use), cases[i].text);
    assert_int_equal(use.is_write, strstr(cases[i].text, "written") != NULL);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(places),
      cmocka_unit_test(seen_later),
      cmocka_unit_test(elsewhere),
      cmocka_unit_test(words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
