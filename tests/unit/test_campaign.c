/* SPDX-License-Identifier: MIT */
/* The steps by which a campaign's points come to be: which belong to a shard, which second faults follow, and the plan
 * that names each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <uv.h>

#include <cmocka.h>

#include "../../faults/explore/campaign/campaign.h"

#define KEY UINT64_C(0x1234567890abcdef)
#define SECOND_KEY UINT64_C(0x1234567890000000)

static struct nomem__options options;
static struct nomem__session session;
static struct nomem__campaign *campaign;

/* One site, whose first call fails, then its first and all later ones, then its second. */
static int set_up(void **state) {
  static const struct nomem__point points[] = {
      {.occurrence = 1}, {.occurrence = 1, .persistent = true}, {.occurrence = 2}};
  (void)state;
  options = (struct nomem__options){.faults = NOMEM_FAULT_SECOND};
  session = (struct nomem__session){.options = &options, .jobs = 1};
  campaign = nomem__campaign_new(&session, NOMEM_WATCH_NONE);
  campaign->sites = calloc(1, sizeof *campaign->sites);
  campaign->sites[0] = (struct nomem__campaign_site){.key = KEY, .count = 2};
  campaign->site_count = 1;
  nomem__campaign_add_points(campaign, points, 3);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  nomem__campaign_free(campaign);
  return 0;
}

static void note_second_fault(void) {
  const struct nomem__second_fault fault = {.key = SECOND_KEY, .similar = 1};
  nomem__second_faults_add(&campaign->second_faults, &fault);
}

static void check_plan(size_t rank, unsigned digits, const char *wanted) {
  char plan[NOMEM_POINT_PLAN_BYTES];
  nomem__campaign_plan(campaign, &campaign->points[rank], digits, plan);
  assert_string_equal(plan, wanted);
}

static void plans(void **state) {
  (void)state;
  check_plan(0, 8, "site=12345678@1");
  check_plan(1, 8, "from=12345678@1");
  check_plan(2, 16, "site=1234567890abcdef@2");
}

/* The second key is shown with as many digits as tell it from the keys of all sites. */
static void plans_of_second_faults(void **state) {
  (void)state;
  note_second_fault();
  campaign->states[0].result = NOMEM_VERDICT_HANDLED + 1;
  nomem__campaign_schedule_second_faults(campaign);
  assert_int_equal(campaign->point_count, 4);
  check_plan(3, 8, "site=12345678@1;site=12345678900@1");
  check_plan(3, 16, "site=1234567890abcdef@1;site=1234567890000000@1");
  assert_int_equal(nomem__campaign_second(campaign, &campaign->points[3]), SECOND_KEY);
  assert_int_equal(nomem__campaign_second(campaign, &campaign->points[0]), 0);
}

/* Only after a site whose first call, alone, was failed by some run of this campaign. */
static void after_what(void **state) {
  static const struct {
    size_t rank;
    uint8_t result;
    size_t added;
  } cases[] = {{0, 0, 0},
               {0, NOMEM__ELSEWHERE, 0},
               {1, NOMEM_VERDICT_HANDLED + 1, 0},
               {2, NOMEM_VERDICT_HANDLED + 1, 0},
               {0, NOMEM_VERDICT_HANDLED + 1, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    note_second_fault();
    campaign->states[cases[i].rank].result = cases[i].result;
    nomem__campaign_schedule_second_faults(campaign);
    assert_int_equal(campaign->point_count, 3 + cases[i].added);
    tear_down(state);
    set_up(state);
  }
}

/* Once; and only where second faults are wanted. */
static void scheduled_once(void **state) {
  (void)state;
  note_second_fault();
  campaign->states[0].result = NOMEM_VERDICT_HANDLED + 1;
  options.faults = NOMEM_FAULT_TRANSIENT | NOMEM_FAULT_PERSISTENT;
  nomem__campaign_schedule_second_faults(campaign);
  assert_int_equal(campaign->point_count, 3);
  options.faults = NOMEM_FAULT_SECOND;
  nomem__campaign_schedule_second_faults(campaign);
  nomem__campaign_schedule_second_faults(campaign);
  assert_int_equal(campaign->point_count, 4);
}

/* Each point is tried by exactly one of the shards, and is known from the start to the others. */
static void shards(void **state) {
  unsigned tried[3] = {0};
  for (uint64_t shard = 1; shard <= 3; shard++) {
    options.shard = shard;
    options.shards = 3;
    nomem__campaign_leave_to_other_shards(campaign);
    for (size_t i = 0; i < 3; i++) {
      bool is_elsewhere = campaign->states[i].result == NOMEM__ELSEWHERE;
      assert_int_equal(campaign->states[i].is_known, is_elsewhere);
      tried[i] += !is_elsewhere;
    }
    tear_down(state);
    set_up(state);
  }
  for (size_t i = 0; i < 3; i++) assert_int_equal(tried[i], 1);
}

static void over(void **state) {
  (void)state;
  assert_false(nomem__campaign_is_over(campaign));
  session.interrupted_by = 2;
  assert_true(nomem__campaign_is_over(campaign));
  session.interrupted_by = 0;
  options.budget_ms = 1000;
  campaign->started_ns = uv_hrtime();
  assert_false(nomem__campaign_is_over(campaign));
  campaign->started_ns -= 1000000000;
  assert_true(nomem__campaign_is_over(campaign));
  options.budget_ms = 0;
  assert_false(nomem__campaign_is_over(campaign));
  campaign->failed = true;
  assert_true(nomem__campaign_is_over(campaign));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(plans), TEST(plans_of_second_faults), TEST(after_what), TEST(scheduled_once), TEST(shards), TEST(over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
