/* SPDX-License-Identifier: MIT */
/* Which blocks are guarded in the run of a point, and which findings a run without a fault has to back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../faults/block_table_format.h"
#include "../../faults/explore/campaign/guarded_runs.h"

#define BEFORE (NOMEM_GUARDED_BLOCKS / 2 - NOMEM_GUARDED_FIRST)

/* Of a first call it is known which allocation it is; of a later one it is guessed, as if they came evenly. */
static void guess(void **state) {
  (void)state;
  assert_int_equal(nomem__guarded_runs_guess(100, 1, 10, 1000), 100);
  assert_int_equal(nomem__guarded_runs_guess(100, 2, 9, 1000), 200);
  assert_int_equal(nomem__guarded_runs_guess(100, 9, 9, 1000), 900);
  assert_int_equal(nomem__guarded_runs_guess(100, 5, 0, 1000), 100);
  assert_int_equal(nomem__guarded_runs_guess(1000, 5, 9, 1000), 1000);
}

/* The blocks that are allocated before the call are guarded, as far as there is room. */
static void from_where(void **state) {
  struct nomem__campaign_site site = {.count = 1, .first_nth = 10};
  struct nomem__campaign campaign = {.sites = &site, .site_count = 1, .allocations = 1000000};
  const struct nomem__point point = {.occurrence = 1};
  (void)state;
  assert_int_equal(nomem__guarded_runs_from(&campaign, &point), 0); /* blocks cannot be guarded */
  campaign.heap.has_guards = true;
  assert_int_equal(nomem__guarded_runs_from(&campaign, &point), 1);
  campaign.sites[0].first_nth = BEFORE;
  assert_int_equal(nomem__guarded_runs_from(&campaign, &point), 1);
  campaign.sites[0].first_nth = BEFORE + 5;
  assert_int_equal(nomem__guarded_runs_from(&campaign, &point), 5);
}

/* The run without a fault that was made had the first blocks guarded, and speaks for programs without others. */
static void who_is_backed(void **state) {
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_CRASH, .guarded_from = 1};
  (void)state;
  assert_false(nomem__guarded_runs_are_needed(&finding, NOMEM_GUARDED_BLOCKS));
  assert_true(nomem__guarded_runs_are_needed(&finding, NOMEM_GUARDED_BLOCKS + 1));
  finding.guarded_from = 2;
  assert_true(nomem__guarded_runs_are_needed(&finding, 10));
  finding.verdict = NOMEM_VERDICT_CORRUPTION;
  assert_true(nomem__guarded_runs_are_needed(&finding, 10));
  finding.verdict = NOMEM_VERDICT_LEAK;
  assert_false(nomem__guarded_runs_are_needed(&finding, 10));
  finding = (struct nomem__finding){.verdict = NOMEM_VERDICT_CRASH};
  assert_false(nomem__guarded_runs_are_needed(&finding, 1000000));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(guess),
      cmocka_unit_test(from_where),
      cmocka_unit_test(who_is_backed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
