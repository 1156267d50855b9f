/* SPDX-License-Identifier: MIT */
#include "handed_check.h"

#include <stdlib.h>

#include "../judge/held_watch.h"
#include "../text/memory.h"
#include "residue_runs.h"
#include "results.h"
#include "told_check.h"

struct handed_check;

/* What a worker does. */
struct handed_run {
  struct handed_check *check;
  struct nomem__worker_slot *slot;
  struct nomem__held_watch held;
  size_t rank;
};

struct handed_check {
  struct nomem__campaign *campaign;
  size_t *ranks; /* of the points whose runs are made */
  size_t count, next;
  struct handed_run *runs; /* one for each worker */
};

/* A leak that counts as the test's, whose run shows it by a single failure. */
static bool is_tests_leak(const struct nomem__campaign *campaign, const struct nomem__finding *finding) {
  return finding->verdict == NOMEM_VERDICT_LEAK && !finding->point.persistent && finding->point.second == 0 &&
         !campaign->states[finding->rank].is_known &&
         nomem__finding_test_reason(finding, &campaign->code_owners) != NULL;
}

static void collect(struct handed_check *check) {
  const struct nomem__campaign *campaign = check->campaign;
  check->ranks = nomem__calloc(campaign->findings.count + campaign->point_count + 1, sizeof *check->ranks);
  for (size_t i = 0; i < campaign->findings.count; i++)
    if (is_tests_leak(campaign, &campaign->findings.list[i]))
      check->ranks[check->count++] = campaign->findings.list[i].rank;
  for (size_t i = 0; i < campaign->point_count; i++)
    if (campaign->states[i].may_have_lost_handed_over && campaign->states[i].result == NOMEM_VERDICT_REPORTED + 1)
      check->ranks[check->count++] = i;
}

/* The finding that shows the run of a point is replaced by a better one. */
static void remove_tests_leak(struct nomem__campaign *campaign, size_t rank) {
  struct nomem__findings *findings = &campaign->findings;
  for (size_t i = 0; i < findings->count; i++)
    if (findings->list[i].rank == rank && is_tests_leak(campaign, &findings->list[i])) {
      nomem__findings_remove(findings, i);
      return;
    }
}

static void start_next(struct handed_run *run);

static void run_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct handed_run *run = user;
  struct nomem__campaign *campaign = run->check->campaign;
  struct nomem__result result;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  if (nomem__campaign_was_started(campaign, outcome)) {
    nomem__results_judge_held(campaign, &run->held, outcome, false, &result);
    if (result.verdict == NOMEM_VERDICT_LEAK && result.residue.leak.is_handed_over) {
      remove_tests_leak(campaign, run->rank);
      nomem__results_enter_result(run->slot, outcome, run->rank, &result, NULL);
    }
  }
  start_next(run);
}

static void start_next(struct handed_run *run) {
  struct handed_check *check = run->check;
  struct nomem__campaign *campaign = check->campaign;
  char plan[NOMEM_POINT_PLAN_BYTES];
  if (check->next == check->count || nomem__campaign_is_over(campaign)) return;
  run->rank = check->ranks[check->next++];
  nomem__campaign_plan(campaign, &campaign->points[run->rank], NOMEM_KEY_DIGITS_ALL, plan);
  struct nomem__run_request request = nomem__campaign_request(campaign, plan, run_done, run);
  nomem__residue_runs_look_closely(campaign, &request);
  request.keep_files = false;
  request.stop_watcher = nomem__held_watch_prepare(&run->held, nomem__code_owners_callers(&campaign->code_owners));
  int result = nomem__worker_start(run->slot->worker, &request);
  if (result != 0) nomem__campaign_give_up(campaign, result);
}

static void look(struct handed_check *check) {
  struct nomem__campaign *campaign = check->campaign;
  check->runs = nomem__calloc(campaign->worker_count, sizeof *check->runs);
  campaign->engine = NOMEM_ENGINE_EXEC;
  for (unsigned i = 0; i < campaign->worker_count; i++) {
    check->runs[i] = (struct handed_run){.check = check, .slot = &campaign->workers[i]};
    start_next(&check->runs[i]);
  }
  nomem__session_run(campaign->session);
  for (unsigned i = 0; i < campaign->worker_count; i++) {
    nomem__findings_merge(&campaign->findings, &campaign->workers[i].findings);
    nomem__held_watch_free(&check->runs[i].held);
  }
  free(check->runs);
}

void nomem__handed_check_run(struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  const struct nomem__options *options = session->options;
  struct handed_check check = {.campaign = campaign};
  bool has_callers = nomem__code_owners_callers(&campaign->code_owners)->is_divided;
  if (!session->setup.trace || !has_callers) return;
  collect(&check);
  size_t untried = nomem__campaign_count_due(campaign);
  size_t max =
      nomem__told_check_max(options->all || options->heap == NOMEM_HEAP_ALL, campaign->point_count - untried, untried);
  if (check.count > max) campaign->handed_left_out = check.count - max;
  if (check.count > max) check.count = max;
  bool is_over = nomem__campaign_is_over(campaign);
  if (check.count > 0 && !is_over && nomem__residue_runs_prepare(campaign)) look(&check);
  if (nomem__campaign_is_over(campaign)) campaign->looks_cut_short += check.count - check.next;
  free(check.ranks);
}
