/* SPDX-License-Identifier: MIT */
#include "residue_runs.h"

#include "../text/complain.h"
#include "file_check.h"
#include "guarded_runs.h"
#include "results.h"

void nomem__residue_runs_look_closely(const struct nomem__campaign *campaign, struct nomem__run_request *request) {
  if (campaign->residue_check.baseline.has_leak_check)
    request->check_leaks = true;
  else
    request->watch = NOMEM_WATCH_BLOCK_TABLE;
}

static void run_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

static void start_next(struct nomem__worker_slot *slot) {
  struct nomem__campaign *campaign = slot->campaign;
  struct nomem__close_runs *runs = &campaign->close_runs;
  while (runs->next < campaign->point_count && !runs->is_due(campaign, runs->next)) runs->next++;
  if (runs->next == campaign->point_count || runs->left == 0 || nomem__campaign_is_over(campaign)) return;
  runs->left--;
  char plan[NOMEM_POINT_PLAN_BYTES];
  slot->rank = runs->next++;
  nomem__campaign_plan(campaign, &campaign->points[slot->rank], NOMEM_KEY_DIGITS_ALL, plan);
  struct nomem__run_request request = nomem__campaign_request(campaign, plan, run_done, slot);
  nomem__residue_runs_look_closely(campaign, &request);
  request.watch_openings = campaign->heap.is_looking && campaign->states[slot->rank].has_left_open;
  if (campaign->heap.is_looking)
    nomem__guarded_runs_ask(&request, nomem__guarded_runs_from(campaign, &campaign->points[slot->rank]));
  if (runs->looks_at_files) {
    request.keep_files = false;
    request.created_path = nomem__residue_check_first_path(&campaign->residue_check, slot->rank);
  }
  int result = nomem__worker_start(slot->worker, &request);
  if (result != 0) nomem__campaign_give_up(campaign, result);
}

static void run_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__worker_slot *slot = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  nomem__results_enter(slot, outcome, slot->rank);
  start_next(slot);
}

static void baseline_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign *campaign = user;
  struct nomem__residue_check *check = &campaign->residue_check;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  /* A sanitizer that may not look for leaks says so, and ends its process. */
  bool has_died = check->baseline.has_leak_check && outcome->end.fatal_deaths != campaign->baseline_fatal_deaths;
  check->ends_otherwise = has_died || outcome->is_damaged || outcome->end.root_status != campaign->baseline_status;
  if (check->ends_otherwise) return;
  check->was_leak_checked = outcome->channel->check_leaks;
  if (check->baseline.block_table_count == 0)
    check->writes_otherwise = nomem__output_differs(&campaign->baseline_output, &outcome->output) ||
                              nomem__file_check_differs(campaign, outcome);
  nomem__baseline_residue_add_block_table(&check->baseline, outcome->residue, outcome->child_residue,
                                          outcome->channel->misuse_count);
}

static void run_baseline(struct nomem__campaign *campaign) {
  struct nomem__run_request request = nomem__campaign_request(campaign, "", baseline_done, campaign);
  nomem__residue_runs_look_closely(campaign, &request);
  request.learn_reports = true;
  int result = nomem__worker_start(campaign->workers[0].worker, &request);
  if (result != 0) nomem__campaign_give_up(campaign, result);
  nomem__session_run(campaign->session);
}

static bool can_look(const struct nomem__residue_check *check) {
  return check->baseline.has_leak_check ? check->was_leak_checked : check->baseline.with_block_table.has_block_table;
}

static const char *obstacle(const struct nomem__residue_check *check) {
  if (!check->ends_otherwise) return "has more memory than can be searched";
  return check->baseline.has_leak_check ? "ends otherwise when its sanitizer looks for leaks"
                                        : "ends otherwise when its blocks are recorded";
}

bool nomem__residue_runs_prepare(struct nomem__campaign *campaign) {
  struct nomem__residue_check *check = &campaign->residue_check;
  const struct nomem__baseline_residue *baseline = &check->baseline;
  if (check->is_prepared || !campaign->session->setup.trace) return can_look(check);
  check->is_prepared = true;
  run_baseline(campaign);
  if (baseline->block_table_count > 0 && baseline->block_tables[0].count > 0) run_baseline(campaign);
  if (!can_look(check) && !nomem__campaign_is_over(campaign))
    nomem__complain("leaks%s cannot be looked for: the program %s", baseline->has_leak_check ? "" : " and heap errors",
                    obstacle(check));
  return can_look(check);
}

void nomem__residue_runs_make(struct nomem__campaign *campaign, const struct nomem__close_runs *runs) {
  campaign->close_runs = *runs;
  campaign->engine = NOMEM_ENGINE_EXEC;
  for (unsigned i = 0; i < campaign->worker_count; i++) start_next(&campaign->workers[i]);
  nomem__session_run(campaign->session);
  for (unsigned i = 0; i < campaign->worker_count; i++)
    nomem__findings_merge(&campaign->findings, &campaign->workers[i].findings);
}

/* Whoever asks for all that runs leave has to know when files are not looked at. */
static void say_files_are_unseen(const struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  const struct nomem__options *options = session->options;
  const struct nomem__baseline_residue *baseline = &campaign->residue_check.baseline;
  bool is_wanted = (options->strict || options->leaks == NOMEM_LEAKS_ALL) && !options->quiet;
  if (!is_wanted || options->leaks == NOMEM_LEAKS_OFF) return;
  const char *reason = NULL;
  if (!baseline->is_known)
    reason = "the ends of its runs cannot be watched";
  else if (session->setup.isolation == NULL)
    reason = "runs are not isolated";
  else if (!baseline->created_files[0].is_known || !baseline->created_files[1].is_known)
    reason = "there are too many, or runs have no view of files of their own";
  if (reason != NULL) nomem__complain("files that the program leaves behind are not looked for: %s", reason);
}

static bool is_due(const struct nomem__campaign *campaign, size_t rank) {
  return campaign->states[rank].is_due;
}

void nomem__residue_runs_make_due(struct nomem__campaign *campaign) {
  const struct nomem__close_runs runs = {.is_due = is_due, .looks_at_files = true, .left = SIZE_MAX};
  say_files_are_unseen(campaign);
  size_t due = 0;
  for (size_t i = 0; i < campaign->point_count; i++) due += campaign->states[i].is_due;
  if (due == 0) return;
  if (!nomem__campaign_is_over(campaign)) {
    if (!nomem__residue_runs_prepare(campaign)) return;
    nomem__residue_runs_make(campaign, &runs);
  }
  for (size_t i = 0; i < campaign->point_count; i++)
    if (campaign->states[i].is_due)
      campaign->states[i].result = 0; /* a point of which only half is known is not tried */
}
