/* SPDX-License-Identifier: MIT */
/* How many of a program's allocations were failed, and why the others were not: each call is counted once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../faults/explore/campaign/coverage.h"

static struct nomem__options options;
static struct nomem__session session;
static struct nomem__campaign *campaign;

/* Two sites of 5 and 3 calls; the first and last call of each, each by a transient and a persistent fault. */
static int set_up(void **state) {
  static const struct nomem__point points[] = {{.occurrence = 1},
                                               {.occurrence = 1, .persistent = true},
                                               {.occurrence = 1, .site = 1},
                                               {.occurrence = 1, .site = 1, .persistent = true},
                                               {.occurrence = 5},
                                               {.occurrence = 5, .persistent = true},
                                               {.occurrence = 3, .site = 1},
                                               {.occurrence = 3, .site = 1, .persistent = true}};
  (void)state;
  options = (struct nomem__options){0};
  session = (struct nomem__session){.options = &options};
  campaign = nomem__campaign_new(&session, NOMEM_WATCH_NONE);
  campaign->sites = calloc(2, sizeof *campaign->sites);
  campaign->sites[0] = (struct nomem__campaign_site){.key = 1, .count = 5, .worst = NOMEM_VERDICT_COUNT};
  campaign->sites[1] = (struct nomem__campaign_site){.key = 2, .count = 3, .worst = NOMEM_VERDICT_COUNT};
  campaign->site_count = 2;
  campaign->calls_scheduled = 4;
  nomem__campaign_add_points(campaign, points, 8);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  nomem__campaign_free(campaign);
  return 0;
}

static void set(size_t rank, unsigned verdict) {
  campaign->states[rank].result = (uint8_t)(verdict + 1);
}

/* The exercised calls and the others are all calls. */
static struct nomem__coverage count(void) {
  struct nomem__coverage coverage = nomem__coverage_of(campaign);
  uint64_t sum = coverage.calls_exercised;
  for (unsigned i = 0; i < NOMEM_UNTRIED_COUNT; i++) sum += coverage.untried[i];
  assert_int_equal(sum, coverage.calls);
  return coverage;
}

/* A call counts as exercised when one of its two faults came; a run that did not come to it exercises nothing. */
static void exercised(void **state) {
  (void)state;
  for (size_t i = 0; i < 8; i++) set(i, NOMEM_VERDICT_HANDLED);
  assert_int_equal(count().calls_exercised, 4);
  set(0, NOMEM_VERDICT_UNREACHED);
  assert_int_equal(count().calls_exercised, 4);
  set(1, NOMEM_VERDICT_UNREACHED);
  struct nomem__coverage coverage = count();
  assert_int_equal(coverage.calls, 8);
  assert_int_equal(coverage.calls_exercised, 3);
  assert_int_equal(coverage.untried[NOMEM_UNTRIED_UNREACHED], 1);
  assert_int_equal(coverage.untried[NOMEM_UNTRIED_OCCURRENCE_CLASSES], 4);
}

/* Runs that an assertion of the test ended are counted among those that were made now and came to their fault; they are
 * worth saying when they are more than half. */
static void cut_short(void **state) {
  (void)state;
  char text[NOMEM_CUT_SHORT_BYTES];
  assert_false(nomem__coverage_is_cut_short(&(struct nomem__coverage){0}));
  for (size_t i = 0; i < 6; i++) set(i, NOMEM_VERDICT_REPORTED);
  set(6, NOMEM_VERDICT_UNREACHED);
  campaign->states[4].is_known = true;
  for (size_t i = 0; i < 2; i++) campaign->states[i].was_asserted = true;
  campaign->states[4].was_asserted = campaign->states[6].was_asserted = true;
  struct nomem__coverage coverage = count();
  assert_int_equal(coverage.runs, 5);
  assert_int_equal(coverage.asserted_runs, 2);
  assert_false(nomem__coverage_is_cut_short(&coverage));
  campaign->states[2].was_asserted = true;
  coverage = count();
  assert_true(nomem__coverage_is_cut_short(&coverage));
  nomem__coverage_say_cut_short(&coverage, text);
  assert_string_equal(
      text, "3 of 5 runs ended at the test's first failed assertion: no clean-up code was run after the failure");
}

/* A site is, when a run of it came to its call. */
static void sites(void **state) {
  (void)state;
  assert_int_equal(count().sites_exercised, 0);
  campaign->sites[0].worst = NOMEM_VERDICT_UNREACHED;
  campaign->sites[1].worst = NOMEM_VERDICT_HANDLED;
  struct nomem__coverage coverage = count();
  assert_int_equal(coverage.sites, 2);
  assert_int_equal(coverage.sites_exercised, 1);
}

/* Whatever kept the campaign from its last points. */
static void not_tried(void **state) {
  (void)state;
  set(0, NOMEM_VERDICT_CRASH);
  campaign->states[2].result = campaign->states[3].result = NOMEM__ELSEWHERE;
  struct nomem__coverage coverage = count();
  assert_int_equal(coverage.calls_exercised, 1);
  assert_int_equal(coverage.untried[NOMEM_UNTRIED_SHARDS], 1);
  assert_int_equal(coverage.untried[NOMEM_UNTRIED_BUDGET], 2);
  session.interrupted_by = 2;
  assert_int_equal(count().untried[NOMEM_UNTRIED_INTERRUPTED], 2);
  assert_int_equal(count().untried[NOMEM_UNTRIED_BUDGET], 0);
  session.interrupted_by = 0;
  campaign->failed = true;
  assert_int_equal(count().untried[NOMEM_UNTRIED_INTERRUPTED], 2);
}

/* Beyond --max-points; of sites that --sites leaves out; test code's own; and what had no room. */
static void not_scheduled(void **state) {
  (void)state;
  for (size_t i = 0; i < 8; i++) set(i, NOMEM_VERDICT_HANDLED);
  campaign->calls_scheduled = 6;
  assert_int_equal(count().untried[NOMEM_UNTRIED_MAX_POINTS], 2);
  assert_int_equal(count().untried[NOMEM_UNTRIED_OCCURRENCE_CLASSES], 2);
  campaign->point_count = 2;
  campaign->calls_scheduled = 2;
  campaign->sites[1].is_left_out = true;
  campaign->sites[1].is_tests = true; /* counted once */
  assert_int_equal(count().untried[NOMEM_UNTRIED_NOT_CHOSEN], 3);
  assert_int_equal(count().untried[NOMEM_UNTRIED_TESTS], 0);
  campaign->sites[1].is_left_out = false;
  assert_int_equal(count().untried[NOMEM_UNTRIED_TESTS], 3);
  campaign->sites_lost = 7;
  assert_int_equal(count().untried[NOMEM_UNTRIED_NO_SITE], 7);
  assert_int_equal(count().calls, 15);
}

/* Second faults are no calls of the baseline. */
static void second_faults(void **state) {
  static const struct nomem__point second[] = {{.occurrence = 1, .second = 1}, {.occurrence = 1, .second = 2}};
  (void)state;
  nomem__campaign_add_points(campaign, second, 2);
  campaign->second_faults.second_count = 2;
  campaign->second_faults.left_out = 3;
  set(8, NOMEM_VERDICT_HANDLED);
  set(9, NOMEM_VERDICT_UNREACHED);
  struct nomem__coverage coverage = count();
  assert_int_equal(coverage.calls_exercised, 0);
  assert_int_equal(coverage.second_faults, 5);
  assert_int_equal(coverage.second_faults_exercised, 1);
}

/* No findings are no news where nothing was exercised; but where there was nothing to exercise, they are. */
static void empty(void **state) {
  (void)state;
  for (size_t i = 0; i < 8; i++) set(i, NOMEM_VERDICT_UNREACHED);
  struct nomem__coverage coverage = count();
  assert_int_equal(coverage.calls_due, 4);
  assert_true(nomem__coverage_is_empty(&coverage));
  set(7, NOMEM_VERDICT_HANDLED);
  coverage = count();
  assert_false(nomem__coverage_is_empty(&coverage));
  for (size_t i = 0; i < 8; i++) campaign->states[i].result = 0; /* the time was up */
  coverage = count();
  assert_true(nomem__coverage_is_empty(&coverage));
  for (size_t i = 0; i < 8; i++) campaign->states[i].result = NOMEM__ELSEWHERE;
  coverage = count();
  assert_int_equal(coverage.calls_due, 0);
  assert_false(nomem__coverage_is_empty(&coverage));
}

/* One call of four that was not reached again is not much, two are; of another shard's calls nothing is said. */
static void partial(void **state) {
  (void)state;
  for (size_t i = 0; i < 8; i++) set(i, NOMEM_VERDICT_HANDLED);
  set(0, NOMEM_VERDICT_UNREACHED);
  set(1, NOMEM_VERDICT_UNREACHED);
  struct nomem__coverage coverage = count();
  assert_false(nomem__coverage_is_partial(&coverage));
  set(2, NOMEM_VERDICT_UNREACHED);
  set(3, NOMEM_VERDICT_UNREACHED);
  coverage = count();
  assert_true(nomem__coverage_is_partial(&coverage));
  set(2, NOMEM_VERDICT_HANDLED);
  campaign->states[4].result = campaign->states[5].result = NOMEM__ELSEWHERE;
  coverage = count();
  assert_true(nomem__coverage_is_partial(&coverage)); /* one of three */
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(exercised),     TEST(sites), TEST(not_tried), TEST(not_scheduled),
      TEST(second_faults), TEST(empty), TEST(partial),   TEST(cut_short),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
