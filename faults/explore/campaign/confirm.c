/* SPDX-License-Identifier: MIT */
#include "confirm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../judge/finding.h"
#include "../judge/heap_misuse.h"
#include "../text/strings.h"
#include "residue_check.h"

/* Without one it may end otherwise. */
static bool needs_block_table(const struct nomem__finding *finding) {
  return finding->takes_block_table || finding->verdict == NOMEM_VERDICT_LEAK ||
         finding->verdict == NOMEM_VERDICT_LEFTOVER;
}

/* One more run, with a block table, may tell of a block. */
static bool may_learn(const struct nomem__campaign *campaign, const struct nomem__finding *finding) {
  bool is_crash = finding->verdict == NOMEM_VERDICT_CRASH && nomem__address_kind_may_be_freed(finding->address_kind);
  return campaign->residue_check.is_known && !campaign->residue_check.has_leak_check && !finding->takes_block_table &&
         (is_crash || finding->verdict == NOMEM_VERDICT_CORRUPTION);
}

static void confirm_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);
static void output_checked(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

/* Has what calls of test code's return looked at in the next run, or, with NULL, no longer. */
static void watch(struct nomem__campaign *campaign, struct nomem__return_watch *returned, bool is_without_fault) {
  campaign->session->setup.stop_watcher =
      returned != NULL ? nomem__return_watch_prepare(returned, &campaign->code_owners, is_without_fault) : NULL;
}

static void start(struct nomem__campaign *campaign, const char *plan, nomem__worker_done done) {
  int result = nomem__worker_start(campaign->workers[0].worker, plan, campaign->timeout_ms, done, campaign);
  if (result != 0) nomem__campaign_give_up(campaign, result);
}

/* Every finding's exemplar is run once more, alone and started anew: one that then ends otherwise is not counted. */
static void confirm_next(struct nomem__campaign *campaign) {
  while (campaign->confirmed < campaign->findings.count && campaign->findings.list[campaign->confirmed].is_confirmed)
    campaign->confirmed++;
  if (campaign->failed || campaign->session->interrupted_by != 0 || campaign->confirmed == campaign->findings.count)
    return;
  const struct nomem__finding *finding = &campaign->findings.list[campaign->confirmed];
  bool is_checked = finding->verdict != NOMEM_VERDICT_SWALLOWED || campaign->is_output_checked;
  nomem__residue_runs_look(campaign, campaign->workers[0].worker, needs_block_table(finding));
  nomem__worker_refresh_files(campaign->workers[0].worker, true);
  bool is_watched = finding->may_be_told && campaign->session->setup.trace;
  watch(campaign, is_watched ? &campaign->returned : NULL, false);
  start(campaign, is_checked ? finding->plan : "", is_checked ? confirm_done : output_checked);
}

static bool is_waiting(const struct nomem__finding *finding) {
  const struct nomem__waiter *shown_thread = finding->threads != NULL ? &finding->threads[finding->shown_thread] : NULL;
  return finding->verdict == NOMEM_VERDICT_HANG && shown_thread != NULL &&
         strncmp(shown_thread->what, "busy", strlen("busy")) != 0;
}

/* The last call of test code's that had failed, where it may have told of the failure; and the point of its fault. */
static const struct nomem__watched_call *told(struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                                              char plan[NOMEM_POINT_PLAN_BYTES]) {
  const struct nomem__finding *finding = &campaign->findings.list[campaign->confirmed];
  /* Of many runs that may be told apart by no call, one does not speak for the others. */
  bool is_one = finding->hash != finding->place || finding->runs == 1 || finding->verdict == NOMEM_VERDICT_HANG;
  if (campaign->session->setup.stop_watcher == NULL || finding->is_flaky || !is_one) return NULL;
  uint32_t index = 0;
  const struct nomem__watched_call *call =
      nomem__return_verdict_last(&campaign->returned, outcome, is_waiting(finding), &index);
  if (call == NULL) return NULL;
  const struct nomem_fault *fault = &outcome->channel->faults[index];
  snprintf(plan, NOMEM_POINT_PLAN_BYTES, "site=%016" PRIx64 "@%" PRIu64, fault->site, fault->occurrence);
  return fault->site != 0 ? call : NULL;
}

static void confirmed(struct nomem__campaign *campaign) {
  campaign->findings.list[campaign->confirmed++].is_confirmed = true;
  confirm_next(campaign);
}

/* Whether a refusal that test code did not look at explains what came of it. Where a pointer other than NULL was
 * followed, or a block misused, a block table tells: what was freed before that call is what a variable of the test's
 * still points to, and what was never a block is one that nobody has set; but what the call itself has freed, it left
 * behind. */
static bool explains(const struct nomem__campaign *campaign, const struct nomem__finding *finding, bool has_block_table,
                     bool is_freed) {
  bool is_null = finding->address_kind == NOMEM_ADDRESS_CALL && finding->fault_address == 0;
  bool is_stray =
      finding->verdict == NOMEM_VERDICT_CRASH && nomem__address_kind_may_be_freed(finding->address_kind) && !is_null;
  if (finding->verdict != NOMEM_VERDICT_CORRUPTION && !is_stray) return true;
  if (finding->freed.depth > 0)
    return !nomem__is_below_call(&campaign->code_owners, &finding->freed, &campaign->told->test);
  return is_stray && has_block_table && !is_freed && finding->block.depth == 0;
}

static void learned(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign *campaign = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  struct nomem__finding *finding = &campaign->findings.list[campaign->confirmed];
  nomem__finding_learn(finding, outcome, nomem__residue_check_misuse(campaign, outcome),
                       nomem__residue_check_late_misuse(campaign, outcome), campaign->session->symbols);
  if (finding->reported_error != NULL && !explains(campaign, finding, true, outcome->end.stack.freed_pointer != 0))
    finding->reported_error = NULL;
  confirmed(campaign);
}

/* It is known whether it comes again. */
static void settle(struct nomem__campaign *campaign) {
  struct nomem__finding *finding = &campaign->findings.list[campaign->confirmed];
  if (finding->is_flaky || !may_learn(campaign, finding) || !campaign->residue_check.residue.has_block_table) {
    if (finding->reported_error != NULL &&
        !explains(campaign, finding, finding->takes_block_table, finding->address_kind == NOMEM_ADDRESS_FREED))
      finding->reported_error = NULL;
    confirmed(campaign);
    return;
  }
  watch(campaign, NULL, false);
  nomem__residue_runs_look(campaign, campaign->workers[0].worker, true);
  start(campaign, finding->plan, learned);
}

/* What the call returns when it does not fail is known. */
static void compared(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign *campaign = user;
  char text[NOMEM_RETURNED_TEXT_BYTES];
  (void)worker;
  if (outcome->end.was_cancelled) return;
  if (nomem__return_verdict_ignored(campaign->told, &campaign->without_fault, campaign->session->symbols, text))
    campaign->findings.list[campaign->confirmed].reported_error = nomem__strings_add(&campaign->reported_errors, text);
  settle(campaign);
}

static void confirm_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign *campaign = user;
  char plan[NOMEM_POINT_PLAN_BYTES];
  (void)worker;
  if (outcome->end.was_cancelled) return;
  struct nomem__finding *finding = &campaign->findings.list[campaign->confirmed];
  finding->is_flaky = nomem__campaign_judge(campaign, outcome, finding->point.second != 0) != finding->verdict;
  campaign->told = told(campaign, outcome, plan);
  if (campaign->told != NULL) {
    watch(campaign, &campaign->without_fault, true);
    start(campaign, plan, compared);
    return;
  }
  settle(campaign);
}

/* Output that has changed since the baselines depends on the time: it shows nothing, in no run. */
static void output_checked(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign *campaign = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  nomem__baseline_output_compare(&campaign->baseline_output, &outcome->output, &outcome->error);
  campaign->is_output_checked = true;
  if (!campaign->baseline_output.is_output_stable) {
    nomem__findings_drop(&campaign->findings, NOMEM_VERDICT_SWALLOWED);
    for (size_t i = 0; i < campaign->point_count; i++)
      if (campaign->results[i] == NOMEM_VERDICT_SWALLOWED + 1) campaign->results[i] = NOMEM_VERDICT_HANDLED + 1;
    campaign->confirmed = 0;
  }
  confirm_next(campaign);
}

static bool needs_block_table_to_confirm(const struct nomem__campaign *campaign) {
  for (size_t i = 0; i < campaign->findings.count; i++) {
    const struct nomem__finding *finding = &campaign->findings.list[i];
    if (!finding->is_confirmed && (needs_block_table(finding) || may_learn(campaign, finding))) return true;
  }
  return false;
}

void nomem__confirm_start(struct nomem__campaign *campaign) {
  if (needs_block_table_to_confirm(campaign)) nomem__residue_runs_prepare(campaign);
  confirm_next(campaign);
}

void nomem__confirm_end(struct nomem__campaign *campaign) {
  watch(campaign, NULL, false);
  nomem__findings_fold_calls(&campaign->findings);
}
