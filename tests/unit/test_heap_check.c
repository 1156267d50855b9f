/* SPDX-License-Identifier: MIT */
/* Which runs are made once more for heap errors, and how long that may take: docs/evidence.md, "Heap errors". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../faults/explore/campaign/heap_check.h"

static const struct nomem__point first = {.occurrence = 1};

/* Only where a block table can show something: not with a sanitizer that has its own, nor without the preload library,
 * nor where the ends of runs are not seen. */
static void wanted(void **state) {
  const struct nomem__baseline_residue known = {.is_known = true}, unknown = {0},
                                       checked = {.is_known = true, .has_leak_check = true};
  (void)state;
  assert_true(nomem__heap_check_is_wanted(NOMEM_HEAP_DEFAULT, &known, true));
  assert_true(nomem__heap_check_is_wanted(NOMEM_HEAP_ALL, &known, true));
  assert_false(nomem__heap_check_is_wanted(NOMEM_HEAP_OFF, &known, true));
  assert_false(nomem__heap_check_is_wanted(NOMEM_HEAP_ALL, &unknown, true));
  assert_false(nomem__heap_check_is_wanted(NOMEM_HEAP_ALL, &checked, true));
  assert_false(nomem__heap_check_is_wanted(NOMEM_HEAP_ALL, &known, false));
}

/* Runs that went on; what crashed has no need of it, nor what was checked before. One that had a block table is checked
 * only if its blocks can be guarded. */
static void which_results(void **state) {
  (void)state;
  for (unsigned verdict = 0; verdict < NOMEM_VERDICT_COUNT; verdict++) {
    struct nomem__point_state point = {.result = (uint8_t)(verdict + 1)};
    bool went_on = verdict >= NOMEM_VERDICT_LEAK && verdict != NOMEM_VERDICT_UNREACHED;
    assert_int_equal(nomem__heap_check_is_due(NOMEM_HEAP_DEFAULT, false, &first, &point), went_on);
    point.had_block_table = true;
    assert_false(nomem__heap_check_is_due(NOMEM_HEAP_DEFAULT, false, &first, &point));
    assert_int_equal(nomem__heap_check_is_due(NOMEM_HEAP_DEFAULT, true, &first, &point), went_on);
    point.was_heap_checked = true;
    assert_false(nomem__heap_check_is_due(NOMEM_HEAP_DEFAULT, true, &first, &point));
  }
  const struct nomem__point_state untried = {0}, elsewhere = {.result = NOMEM__ELSEWHERE};
  assert_false(nomem__heap_check_is_due(NOMEM_HEAP_ALL, false, &first, &untried));
  assert_false(nomem__heap_check_is_due(NOMEM_HEAP_ALL, false, &first, &elsewhere));
}

/* The first failure of each site, once, and the second where blocks may have been lost; runs with a second fault; all
 * points with --heap all. */
static void which_points(void **state) {
  static const struct nomem__point others[] = {
      {.occurrence = 2}, {.occurrence = 1, .persistent = true}, {.occurrence = 3}};
  static const struct nomem__point of_recovery = {.occurrence = 1, .second = 1};
  const struct nomem__point_state handled = {.result = NOMEM_VERDICT_HANDLED + 1};
  (void)state;
  assert_true(nomem__heap_check_is_due(NOMEM_HEAP_SITES, false, &first, &handled));
  assert_true(nomem__heap_check_is_due(NOMEM_HEAP_DEFAULT, false, &of_recovery, &handled));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    assert_false(nomem__heap_check_is_due(NOMEM_HEAP_SITES, false, &others[i], &handled));
    assert_false(nomem__heap_check_is_due(NOMEM_HEAP_DEFAULT, false, &others[i], &handled));
    assert_true(nomem__heap_check_is_due(NOMEM_HEAP_ALL, false, &others[i], &handled));
  }
  const struct nomem__point_state losing = {.result = NOMEM_VERDICT_REPORTED + 1, .may_have_lost = true};
  assert_true(nomem__heap_check_is_due(NOMEM_HEAP_DEFAULT, false, &others[0], &losing));
  assert_false(nomem__heap_check_is_due(NOMEM_HEAP_DEFAULT, false, &others[1], &losing));
  assert_false(nomem__heap_check_is_due(NOMEM_HEAP_DEFAULT, false, &others[2], &losing));
  const struct nomem__point third = {.occurrence = 3};
  assert_false(nomem__heap_check_is_due(NOMEM_HEAP_DEFAULT, false, &third, &losing));
  const struct nomem__point_state first_to_lose = {
      .result = NOMEM_VERDICT_REPORTED + 1, .may_have_lost = true, .is_first_to_lose = true};
  assert_true(nomem__heap_check_is_due(NOMEM_HEAP_DEFAULT, false, &third, &first_to_lose));
}

/* A number of runs, whatever they take: a busy machine looks at what an idle one does. No limit with --all or --heap
 * all. */
static void limit(void **state) {
  (void)state;
  assert_int_equal(nomem__heap_check_max(NOMEM_HEAP_DEFAULT, false, 0), 256);
  assert_int_equal(nomem__heap_check_max(NOMEM_HEAP_DEFAULT, false, 1024), 256);
  assert_int_equal(nomem__heap_check_max(NOMEM_HEAP_SITES, false, 10000), 2500);
  assert_true(nomem__heap_check_max(NOMEM_HEAP_SITES, true, 10000) == SIZE_MAX);
  assert_true(nomem__heap_check_max(NOMEM_HEAP_ALL, false, 10000) == SIZE_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wanted),
      cmocka_unit_test(which_results),
      cmocka_unit_test(which_points),
      cmocka_unit_test(limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
