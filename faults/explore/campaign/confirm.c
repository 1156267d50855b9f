#include "confirm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../judge/heap_misuse.h"
#include "residue_check.h"

/* Without one it may end otherwise. */
static bool needs_ledger(const struct nomem__finding *finding) {
  return finding->takes_ledger || finding->verdict == NOMEM_VERDICT_LEAK || finding->verdict == NOMEM_VERDICT_LEFTOVER;
}

/* One more run, with a ledger, may tell of a block. */
static bool may_learn(const struct nomem__campaign *campaign, const struct nomem__finding *finding) {
  bool is_crash = finding->verdict == NOMEM_VERDICT_CRASH && nomem__touch_may_be_freed(finding->touch);
  return campaign->audit.is_known && !campaign->audit.has_leak_check && !finding->takes_ledger &&
         (is_crash || finding->verdict == NOMEM_VERDICT_CORRUPTION);
}

static void confirm_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);
static void output_checked(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

/* Has what calls of test code's return looked at in the next run, or, with NULL, no longer. */
static void watch(struct nomem__campaign *campaign, struct nomem__returned *returned, bool is_dry) {
  if (returned != NULL) {
    returned->owners = &campaign->owners;
    returned->is_dry = is_dry;
  }
  campaign->session->setup.returned = returned;
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
  nomem__audit_look(campaign, campaign->workers[0].worker, needs_ledger(finding));
  nomem__worker_refresh_files(campaign->workers[0].worker, true);
  bool is_watched = finding->may_be_told && campaign->session->setup.trace;
  watch(campaign, is_watched ? &campaign->returned : NULL, false);
  start(campaign, is_checked ? finding->plan : "", is_checked ? confirm_done : output_checked);
}

static bool is_waiting(const struct nomem__finding *finding) {
  const struct nomem__waiter *teller = finding->threads != NULL ? &finding->threads[finding->teller] : NULL;
  return finding->verdict == NOMEM_VERDICT_HANG && teller != NULL && strncmp(teller->what, "busy", strlen("busy")) != 0;
}

/* The last call of test code's that had failed, where it may have told of the failure; and the point of its fault. */
static const struct nomem__returned_call *told(struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                                               char plan[NOMEM_POINT_PLAN_BYTES]) {
  const struct nomem__finding *finding = &campaign->findings.list[campaign->confirmed];
  /* Of many runs that may be told apart by no call, one does not speak for the others. */
  bool is_one = finding->hash != finding->place || finding->runs == 1 || finding->verdict == NOMEM_VERDICT_HANG;
  if (campaign->session->setup.returned == NULL || finding->is_flaky || !is_one) return NULL;
  uint32_t index = 0;
  const struct nomem__returned_call *call =
      nomem__returned_last(&campaign->returned, outcome, is_waiting(finding), &index);
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
 * followed, or a block misused, a ledger tells: what was freed before that call is what a variable of the test's still
 * points to, and what was never a block is one that nobody has set; but what the call itself has freed, it left
 * behind. */
static bool explains(const struct nomem__campaign *campaign, const struct nomem__finding *finding, bool has_ledger,
                     bool is_freed) {
  bool is_null = finding->touch == NOMEM_TOUCH_CALL && finding->fault_address == 0;
  bool is_stray = finding->verdict == NOMEM_VERDICT_CRASH && nomem__touch_may_be_freed(finding->touch) && !is_null;
  if (finding->verdict != NOMEM_VERDICT_CORRUPTION && !is_stray) return true;
  if (finding->freed.depth > 0) return !nomem__is_below_call(&campaign->owners, &finding->freed, &campaign->told->test);
  return is_stray && has_ledger && !is_freed && finding->block.depth == 0;
}

static void learned(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign *campaign = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  struct nomem__finding *finding = &campaign->findings.list[campaign->confirmed];
  nomem__finding_learn(finding, outcome, nomem__audit_misuse(campaign, outcome),
                       nomem__audit_late_misuse(campaign, outcome), campaign->session->symbols);
  if (finding->refusal != NULL && !explains(campaign, finding, true, outcome->end.stack.freed_pointer != 0))
    finding->refusal = NULL;
  confirmed(campaign);
}

/* It is known whether it comes again. */
static void settle(struct nomem__campaign *campaign) {
  struct nomem__finding *finding = &campaign->findings.list[campaign->confirmed];
  if (finding->is_flaky || !may_learn(campaign, finding) || !campaign->audit.remains.has_ledger) {
    if (finding->refusal != NULL &&
        !explains(campaign, finding, finding->takes_ledger, finding->touch == NOMEM_TOUCH_FREED))
      finding->refusal = NULL;
    confirmed(campaign);
    return;
  }
  watch(campaign, NULL, false);
  nomem__audit_look(campaign, campaign->workers[0].worker, true);
  start(campaign, finding->plan, learned);
}

/* What the call returns when it does not fail is known. */
static void compared(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign *campaign = user;
  char text[NOMEM_RETURNED_TEXT_BYTES];
  (void)worker;
  if (outcome->end.was_cancelled) return;
  if (nomem__returned_ignored(campaign->told, &campaign->dry, campaign->session->symbols, text))
    campaign->findings.list[campaign->confirmed].refusal = nomem__strings_add(&campaign->refusals, text);
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
    watch(campaign, &campaign->dry, true);
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

static bool needs_ledger_to_confirm(const struct nomem__campaign *campaign) {
  for (size_t i = 0; i < campaign->findings.count; i++) {
    const struct nomem__finding *finding = &campaign->findings.list[i];
    if (!finding->is_confirmed && (needs_ledger(finding) || may_learn(campaign, finding))) return true;
  }
  return false;
}

void nomem__confirm_start(struct nomem__campaign *campaign) {
  if (needs_ledger_to_confirm(campaign)) nomem__audit_prepare(campaign);
  confirm_next(campaign);
}

void nomem__confirm_end(struct nomem__campaign *campaign) {
  watch(campaign, NULL, false);
  nomem__findings_fold_calls(&campaign->findings);
}
