/* SPDX-License-Identifier: MIT */
/* How long an exploration still takes, from what its passes have cost until now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/campaign/time_left.h"

#define MS UINT64_C(1000000)
#define SITES 100

/* A campaign of so many sites, the first call of each to be failed; a run takes 20 ms, two at a time. */
struct fixture {
  struct nomem__options options;
  struct nomem__session session;
  struct nomem__campaign campaign;
  struct nomem__point points[SITES];
  struct nomem__point_state states[SITES];
};

static void set_up(struct fixture *fixture) {
  memset(fixture, 0, sizeof *fixture);
  fixture->session.options = &fixture->options;
  fixture->session.jobs = 2;
  fixture->campaign.session = &fixture->session;
  fixture->campaign.points = fixture->points;
  fixture->campaign.states = fixture->states;
  fixture->campaign.point_count = SITES;
  fixture->campaign.baseline_us = 20000;
  for (uint32_t i = 0; i < SITES; i++) fixture->points[i] = (struct nomem__point){.occurrence = 1, .site = i};
}

static void try_sites(struct fixture *fixture, size_t count, enum nomem__verdict verdict, uint64_t ns) {
  for (size_t i = 0; i < count; i++) fixture->states[i].result = (uint8_t)(verdict + 1);
  fixture->campaign.passes.costs[NOMEM_PASS_FIRST] = (struct nomem__pass_cost){.runs = count, .ns = ns};
  fixture->campaign.passes.now = NOMEM_PASS_FIRST;
}

static void wants_heap_checks(struct fixture *fixture) {
  fixture->campaign.residue_check.baseline.is_known = true;
  fixture->session.setup.preload = "libnomem.so";
  fixture->session.setup.trace = true;
  fixture->options.heap = NOMEM_HEAP_SITES;
  fixture->options.all = true; /* no limit */
}

static void assert_seconds(double seen, double wanted) {
  assert_true(seen > wanted - 0.02 * wanted - 1e-6 && seen < wanted + 0.02 * wanted + 1e-6);
}

static void assert_left(const struct fixture *fixture, double seconds) {
  assert_seconds(nomem__time_estimate(&fixture->campaign).left, seconds);
}

/* Before the first run, what the baseline took is the only measure. */
static void by_the_baseline(void **state) {
  struct fixture fixture;
  (void)state;
  set_up(&fixture);
  assert_left(&fixture, SITES * 0.010);
}

/* From then on, the pace of the runs. */
static void by_the_pace(void **state) {
  struct fixture fixture;
  (void)state;
  set_up(&fixture);
  try_sites(&fixture, 25, NOMEM_VERDICT_CRASH, 25 * MS);
  assert_left(&fixture, 0.075);
  assert_seconds(nomem__time_estimate(&fixture.campaign).spent, 0.025);
}

/* Half of the sites went on, so half of the others will, too; each of them is run once more. */
static void heap_checks(void **state) {
  struct fixture fixture;
  (void)state;
  set_up(&fixture);
  wants_heap_checks(&fixture);
  try_sites(&fixture, 50, NOMEM_VERDICT_CRASH, 50 * MS);
  for (size_t i = 0; i < 25; i++) fixture.states[i].result = NOMEM_VERDICT_REPORTED + 1;
  assert_left(&fixture, 0.050 + 50 * 0.015);
  fixture.campaign.passes.costs[NOMEM_PASS_HEAP] = (struct nomem__pass_cost){.runs = 10, .ns = 1000 * MS};
  assert_left(&fixture, 0.050 + 50 * 0.100);
  fixture.campaign.passes.now = NOMEM_PASS_TOLD; /* they are over, whatever is due */
  assert_left(&fixture, 0.050);
}

/* What was left by some is looked at once more. */
static void residue(void **state) {
  struct fixture fixture;
  (void)state;
  set_up(&fixture);
  try_sites(&fixture, 50, NOMEM_VERDICT_REPORTED, 50 * MS);
  for (size_t i = 0; i < 10; i++) fixture.states[i].is_due = true;
  assert_left(&fixture, 0.050 + 20 * 0.015);
}

/* So many as were noted, of the sites that were tried. */
static void second_faults(void **state) {
  struct fixture fixture;
  (void)state;
  set_up(&fixture);
  fixture.options.faults = NOMEM_FAULT_SECOND;
  try_sites(&fixture, 50, NOMEM_VERDICT_HANDLED, 100 * MS);
  fixture.campaign.second_faults.count = 30;
  assert_left(&fixture, 0.100 + 60 * 0.002);
  fixture.campaign.second_faults.is_scheduled = true;
  assert_left(&fixture, 0.100);
}

/* A run at a time, two for each finding; once some are confirmed, as long as these took. */
static void confirming(void **state) {
  struct fixture fixture;
  struct nomem__finding findings[4] = {{.is_confirmed = true}};
  (void)state;
  set_up(&fixture);
  try_sites(&fixture, SITES, NOMEM_VERDICT_CRASH, 100 * MS);
  fixture.campaign.progress.findings = 4;
  assert_left(&fixture, 4 * 2 * 0.020);
  fixture.campaign.findings = (struct nomem__findings){.list = findings, .count = 4};
  fixture.campaign.passes.now = NOMEM_PASS_CONFIRM;
  fixture.campaign.passes.costs[NOMEM_PASS_CONFIRM] = (struct nomem__pass_cost){.runs = 3, .ns = 500 * MS};
  assert_left(&fixture, 3 * 0.5);
}

/* Nobody waits longer than --budget says. */
static void within_the_budget(void **state) {
  struct fixture fixture;
  (void)state;
  set_up(&fixture);
  fixture.campaign.started_ns = uv_hrtime();
  fixture.options.budget_ms = 1000;
  try_sites(&fixture, 50, NOMEM_VERDICT_CRASH, 5000 * MS);
  assert_true(nomem__time_estimate(&fixture.campaign).left <= 1);
  fixture.campaign.started_ns -= 2000 * MS;
  assert_left(&fixture, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_the_baseline),   cmocka_unit_test(by_the_pace),   cmocka_unit_test(heap_checks),
      cmocka_unit_test(residue),           cmocka_unit_test(second_faults), cmocka_unit_test(confirming),
      cmocka_unit_test(within_the_budget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
