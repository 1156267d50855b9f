/* SPDX-License-Identifier: MIT */
#include "exploration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../campaign/baseline.h"
#include "../campaign/confirm.h"
#include "../campaign/control_run.h"
#include "../campaign/coverage.h"
#include "../campaign/engine_choice.h"
#include "../campaign/engines.h"
#include "../campaign/handed_check.h"
#include "../campaign/heap_check.h"
#include "../campaign/hostile_runs.h"
#include "../campaign/journal.h"
#include "../campaign/residue_runs.h"
#include "../campaign/results.h"
#include "../campaign/time_left.h"
#include "../campaign/told_check.h"
#include "../process/syscall_effects.h"
#include "../report/document.h"
#include "../run/job_count.h"
#include "../text/complain.h"
#include "../text/json_values.h"
#include "../text/memory.h"

/* Every run begins with the sites of the baselines, so that what the program does only after a fault is told apart. */
static int share_known_sites(struct nomem__campaign *campaign) {
  campaign->tables = nomem__worker_copy_tables(campaign->workers[0].worker);
  for (unsigned i = 0; i < campaign->worker_count; i++)
    nomem__worker_use_tables(campaign->workers[i].worker, campaign->tables);
  return 0;
}

/* What processes use for which nobody waits is not known. */
static unsigned find_load(const struct nomem__campaign *campaign) {
  bool is_known = (campaign->effects & (NOMEM_EFFECT_PROCESSES | NOMEM_EFFECT_UNKNOWN)) == 0;
  return is_known || campaign->baseline_load > NOMEM_LOAD_WHOLE ? campaign->baseline_load : NOMEM_LOAD_WHOLE;
}

/* Workers for as many runs as are made at a time. More of them than there are points would have nothing to do, and each
 * is two processes. */
static int open_workers(struct nomem__campaign *campaign) {
  size_t points = campaign->point_count > 0 ? campaign->point_count : 1;
  unsigned count = campaign->session->jobs;
  if (points < count) count = points > campaign->worker_count ? (unsigned)points : campaign->worker_count;
  return nomem__campaign_set_workers(campaign, count);
}

/* Runs the program without a fault and opens the workers for all other runs. */
static int prepare_runs(struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  nomem__passes_begin(&campaign->passes, NOMEM_PASS_BASELINE);
  int result = nomem__campaign_set_workers(campaign, session->jobs > 1 ? 2 : 1);
  if (result == 0) result = nomem__baseline_run(campaign);
  if (result == 0) result = nomem__engines_check(campaign);
  if (result == 0) nomem__session_choose_jobs(campaign->session, find_load(campaign));
  if (result == 0) result = open_workers(campaign);
  if (result == 0) result = share_known_sites(campaign);
  if (result != 0) return result;
  campaign->keeps_files = !nomem__engine_needs_fresh_files(campaign->effects, session->setup.isolation != NULL);
  if (session->interrupted_by == 0) return 0;
  nomem__complain("interrupted before the first point");
  return -EINTR;
}

/* Decides which points are tried, and enters what the store knows of them. */
static int prepare_points(struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  nomem__campaign_leave_to_other_shards(campaign);
  int result = nomem__journal_open(campaign);
  /* Second faults are noted for this campaign, or for a later one that is to fail the second call. */
  campaign->notes_recoveries = campaign->journal != NULL || (session->options->faults & NOMEM_FAULT_SECOND) != 0;
  return result;
}

int nomem__exploration_prepare(struct nomem__campaign *campaign) {
  int result = prepare_runs(campaign);
  if (result == 0) result = prepare_points(campaign);
  nomem__passes_end(&campaign->passes);
  return result;
}

/* Once it is known where the first faults lead to. */
static void explore_second_faults(struct nomem__campaign *campaign) {
  size_t due = nomem__campaign_count_due(campaign), from = campaign->point_count;
  nomem__journal_schedule_second_faults(campaign);
  campaign->progress.total += nomem__campaign_count_due(campaign) - due;
  nomem__passes_begin(&campaign->passes, NOMEM_PASS_SECOND);
  if (from < campaign->point_count) nomem__engines_run(campaign);
}

void nomem__exploration_begin(struct nomem__campaign *campaign) {
  struct nomem__session *session = campaign->session;
  if (campaign->started_ns == 0) campaign->started_ns = uv_hrtime();
  nomem__progress_start(&campaign->progress, &session->loop, nomem__campaign_count_due(campaign));
  campaign->progress.board = session->board;
  campaign->progress.estimate_time = nomem__time_estimate;
  campaign->progress.user = campaign;
  nomem__passes_begin(&campaign->passes, NOMEM_PASS_HOSTILE);
  nomem__hostile_runs_make(campaign);
}

static void fail_first_calls(struct nomem__campaign *campaign) {
  nomem__passes_begin(&campaign->passes, NOMEM_PASS_FIRST);
  nomem__engines_run(campaign);
}

void nomem__exploration_pause(struct nomem__campaign *campaign) {
  nomem__passes_end(&campaign->passes);
  nomem__campaign_set_workers(campaign, 0);
  nomem__session_run(campaign->session);
  nomem__session_end_turn(campaign->session);
}

static int go_on(struct nomem__campaign *campaign) {
  if (campaign->worker_count > 0) return 0;
  nomem__session_take_turn(campaign->session);
  campaign->uses_huge_pages = false; /* new workers have not heard of it */
  int result = open_workers(campaign);
  for (unsigned i = 0; i < campaign->worker_count; i++)
    nomem__worker_use_tables(campaign->workers[i].worker, campaign->tables);
  if (result != 0) campaign->failed = true;
  return result;
}

/* Hides the points of all other sites from the engines: as if another shard had them. */
static void hide_others(struct nomem__campaign *campaign, const uint32_t *sites, size_t count, bool *is_hidden) {
  bool *is_chosen = nomem__calloc(campaign->site_count + 1, sizeof *is_chosen);
  for (size_t i = 0; i < count; i++)
    if (sites[i] < campaign->site_count) is_chosen[sites[i]] = true;
  for (size_t i = 0; i < campaign->point_count; i++) {
    is_hidden[i] = campaign->states[i].result == 0 && !is_chosen[campaign->points[i].site];
    if (is_hidden[i]) campaign->states[i].result = NOMEM__ELSEWHERE;
  }
  free(is_chosen);
}

void nomem__exploration_try_sites(struct nomem__campaign *campaign, const uint32_t *sites, size_t count) {
  size_t points = campaign->point_count;
  bool *is_hidden = nomem__calloc(points + 1, sizeof *is_hidden);
  if (go_on(campaign) == 0) {
    hide_others(campaign, sites, count, is_hidden);
    fail_first_calls(campaign);
  }
  for (size_t i = 0; i < points; i++)
    if (is_hidden[i]) campaign->states[i].result = 0;
  free(is_hidden);
}

/* Whether there is anything to confirm, or to go on from: else it is not worth opening workers that are closed. */
static bool has_more_to_do(const struct nomem__campaign *campaign) {
  bool was_tried = false;
  if (campaign->worker_count > 0) return true;
  for (size_t i = 0; i < campaign->point_count && !was_tried; i++)
    was_tried = nomem__point_is_tried(&campaign->states[i]);
  return campaign->findings.count > 0 || (was_tried && !nomem__campaign_is_over(campaign));
}

/* Some runs once more, in which what costs too much for all of them is looked at. */
static void look_closely(struct nomem__campaign *campaign) {
  nomem__passes_begin(&campaign->passes, NOMEM_PASS_RESIDUE);
  nomem__residue_runs_make_due(campaign);
  nomem__passes_begin(&campaign->passes, NOMEM_PASS_HEAP);
  nomem__heap_check_run(campaign);
  nomem__passes_begin(&campaign->passes, NOMEM_PASS_TOLD);
  nomem__told_check_run(campaign);
  nomem__passes_begin(&campaign->passes, NOMEM_PASS_HANDED);
  nomem__handed_check_run(campaign);
}

int nomem__exploration_finish(struct nomem__campaign *campaign) {
  struct nomem__session *session = campaign->session;
  if (has_more_to_do(campaign) && go_on(campaign) == 0) {
    explore_second_faults(campaign);
    look_closely(campaign);
    nomem__passes_begin(&campaign->passes, NOMEM_PASS_CONFIRM);
    nomem__control_run_make(campaign);
    nomem__findings_merge_persistent(&campaign->findings, session->symbols);
    nomem__confirm_findings(campaign);
    nomem__control_run_make_again(campaign);
    nomem__passes_end(&campaign->passes);
  }
  nomem__progress_stop(&campaign->progress);
  nomem__session_run(session);
  nomem__results_count(campaign);
  campaign->ended_ns = uv_hrtime();
  return campaign->failed ? -ECANCELED : 0;
}

int nomem__exploration_make_runs(struct nomem__campaign *campaign) {
  nomem__exploration_begin(campaign);
  fail_first_calls(campaign);
  return nomem__exploration_finish(campaign);
}

int nomem__exploration_conclude(struct nomem__campaign *campaign, struct nomem__exclusions *rules) {
  nomem__findings_sort(&campaign->findings);
  json_t *documents = nomem__document_make_findings(campaign);
  if (documents == NULL) {
    nomem__complain("cannot make the report: %s", strerror(EILSEQ));
    return -EILSEQ;
  }
  for (size_t i = 0; i < campaign->findings.count; i++)
    snprintf(campaign->findings.list[i].id, NOMEM_FINDING_ID_BYTES, "%s",
             nomem__json_string(json_array_get(documents, i), "id"));
  nomem__exclusions_mark(rules, campaign, documents);
  nomem__journal_write_end(campaign, documents);
  json_decref(documents);
  if (campaign->session->options->verbose) nomem__exclusions_say_unused(rules);
  nomem__exclusions_split(campaign);
  return 0;
}

bool nomem__exploration_was_in_vain(const struct nomem__campaign *campaign) {
  const struct nomem__coverage coverage = nomem__coverage_of(campaign);
  if (!nomem__coverage_is_empty(&coverage) || campaign->session->interrupted_by != 0) return false;
  if (coverage.untried[NOMEM_UNTRIED_UNREACHED] == 0)
    nomem__complain("nothing was exercised: the time was up before the first call had failed: give more with --budget");
  else
    nomem__complain(
        "nothing was exercised: no run made the call again that was to fail in it: make the program deterministic (a "
        "fixed seed, one thread) first");
  return true;
}
