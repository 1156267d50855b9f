/* SPDX-License-Identifier: MIT */
#include "time_left.h"

#include "heap_check.h"
#include "schedule.h"
#include "told_check.h"

/* From so many runs on, a pass shows its pace. */
#define PACE_RUNS 4
/* A run that is looked at closely takes so many times what an ordinary one does, before its pace is known. */
#define CLOSE_RUN 1.5
/* So many runs it takes to confirm a finding, and to see what the caller of one common site was told. */
#define RUNS_A_FINDING 2.0
#define RUNS_A_SITE 2.0

/* Points by what was made of them, and what is to be. */
struct tally {
  size_t tried, first_left, second_left;
  size_t sites_tried, sites_left;        /* their first calls */
  size_t left_behind, heap_checks, told; /* so many of those that were tried are due to be run once more for that */
};

static struct tally count(const struct nomem__campaign *campaign) {
  enum nomem__heap_choice heap = campaign->session->options->heap;
  struct tally tally = {0};
  for (size_t i = 0; i < campaign->point_count; i++) {
    const struct nomem__point *point = &campaign->points[i];
    const struct nomem__point_state *state = &campaign->states[i];
    bool is_first_call = point->occurrence == 1 && !point->persistent && point->second == 0;
    tally.tried += nomem__point_is_tried(state);
    tally.first_left += state->result == 0 && point->second == 0;
    tally.second_left += state->result == 0 && point->second != 0;
    tally.sites_tried += is_first_call && nomem__point_is_tried(state);
    tally.sites_left += is_first_call && state->result == 0;
    tally.left_behind += state->is_due;
    tally.heap_checks += nomem__heap_check_is_due(heap, true, point, state);
    tally.told += is_first_call && nomem__told_check_is_due(point, state);
  }
  return tally;
}

/* Of a run that is started anew. */
static double guess_run_ns(const struct nomem__campaign *campaign) {
  unsigned workers = campaign->session->jobs;
  return (double)campaign->baseline_us * 1e3 / (workers > 0 ? workers : 1);
}

static double run_ns(const struct nomem__campaign *campaign, enum nomem__pass pass, double guess) {
  const struct nomem__pass_cost cost = nomem__passes_cost(&campaign->passes, pass);
  return cost.runs >= PACE_RUNS ? (double)cost.ns / (double)cost.runs : guess;
}

/* Whether the runs of a pass are still to be made, or some of them. */
static bool is_to_come(const struct nomem__campaign *campaign, enum nomem__pass pass) {
  return campaign->passes.now <= pass;
}

/* What came of the sites that were tried will come of the others, too. */
static double of_all_sites(const struct tally *tally, double count) {
  return tally->sites_tried > 0 ? count + count * (double)tally->sites_left / (double)tally->sites_tried : count;
}

static double second_faults_ns(const struct nomem__campaign *campaign, const struct tally *tally, double pace) {
  const struct nomem__second_faults *second_faults = &campaign->second_faults;
  const struct nomem__options *options = campaign->session->options;
  double runs = (double)tally->second_left;
  if (!second_faults->is_scheduled && (options->faults & NOMEM_FAULT_SECOND) != 0) {
    double noted = of_all_sites(tally, (double)second_faults->count);
    runs += options->all || noted < (double)NOMEM__QUICK_RUNS ? noted : (double)NOMEM__QUICK_RUNS;
  }
  return runs * run_ns(campaign, NOMEM_PASS_SECOND, pace);
}

static double heap_checks_ns(const struct nomem__campaign *campaign, const struct tally *tally) {
  const struct nomem__options *options = campaign->session->options;
  if (!is_to_come(campaign, NOMEM_PASS_HEAP) || !nomem__heap_check_can_run(campaign)) return 0;
  double runs = of_all_sites(tally, (double)tally->heap_checks);
  size_t max = nomem__heap_check_max(options->heap, options->all, tally->tried + tally->first_left);
  double left = (double)max - (double)nomem__passes_cost(&campaign->passes, NOMEM_PASS_HEAP).runs;
  if (left < 0) left = 0;
  return (runs < left ? runs : left) * run_ns(campaign, NOMEM_PASS_HEAP, CLOSE_RUN * guess_run_ns(campaign));
}

static double told_ns(const struct nomem__campaign *campaign, const struct tally *tally) {
  bool has_tests = nomem__code_owners_callers(&campaign->code_owners)->is_divided;
  if (!is_to_come(campaign, NOMEM_PASS_TOLD) || !has_tests) return 0;
  double sites = of_all_sites(tally, (double)tally->told);
  size_t max = nomem__told_check_max(campaign->session->options->all, tally->tried + tally->first_left, 0);
  double runs = (sites < (double)max ? sites : (double)max) * RUNS_A_SITE;
  runs -= (double)nomem__passes_cost(&campaign->passes, NOMEM_PASS_TOLD).runs;
  return runs > 0 ? runs * guess_run_ns(campaign) : 0;
}

/* One finding is confirmed after the other, by a run at a time. */
static double confirming_ns(const struct nomem__campaign *campaign) {
  const struct nomem__findings *findings = &campaign->findings;
  size_t confirmed = 0;
  double run = (double)campaign->baseline_us * 1e3;
  if (campaign->passes.now != NOMEM_PASS_CONFIRM) return (double)campaign->progress.findings * RUNS_A_FINDING * run;
  for (size_t i = 0; i < findings->count; i++) confirmed += findings->list[i].is_confirmed;
  double spent = (double)nomem__passes_cost(&campaign->passes, NOMEM_PASS_CONFIRM).ns;
  double each = confirmed > 0 ? spent / (double)confirmed : RUNS_A_FINDING * run;
  return (double)(findings->count - confirmed) * each;
}

static double find_left_s(const struct nomem__campaign *campaign) {
  const struct tally tally = count(campaign);
  double anew_ns = guess_run_ns(campaign), pace_ns = run_ns(campaign, NOMEM_PASS_FIRST, anew_ns);
  double left_behind = (double)tally.left_behind;
  if (tally.tried > 0) left_behind += left_behind * (double)tally.first_left / (double)tally.tried;
  double ns = (double)tally.first_left * pace_ns + second_faults_ns(campaign, &tally, pace_ns) +
              heap_checks_ns(campaign, &tally) + told_ns(campaign, &tally);
  ns += left_behind * run_ns(campaign, NOMEM_PASS_RESIDUE, CLOSE_RUN * anew_ns);
  return (ns + confirming_ns(campaign)) / 1e9;
}

/* What --budget leaves. */
static double find_allowed_s(const struct nomem__campaign *campaign, double otherwise) {
  uint64_t budget_ms = campaign->session->options->budget_ms;
  if (budget_ms == 0) return otherwise;
  double allowed = (double)budget_ms / 1e3 - (double)(uv_hrtime() - campaign->started_ns) / 1e9;
  return allowed > 0 ? allowed : 0;
}

struct nomem__time_estimate nomem__time_estimate(const void *user) {
  const struct nomem__campaign *campaign = user;
  double left = find_left_s(campaign), allowed = find_allowed_s(campaign, left), spent = 0;
  for (unsigned i = 0; i < NOMEM__PASSES; i++)
    spent += (double)nomem__passes_cost(&campaign->passes, (enum nomem__pass)i).ns / 1e9;
  return (struct nomem__time_estimate){.spent = spent, .left = left < allowed ? left : allowed};
}
