/* SPDX-License-Identifier: MIT */
#include "confirm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../judge/call_reason.h"
#include "../judge/held_watch.h"
#include "../judge/return_verdict.h"
#include "../judge/shared_cause.h"
#include "../text/memory.h"
#include "confirm_rules.h"
#include "file_check.h"
#include "guarded_runs.h"
#include "residue_runs.h"
#include "results.h"

/* When the exploration has been interrupted, findings are confirmed for so long, or until it is interrupted again. */
#define INTERRUPTED_MS UINT64_C(3000)
/* A run in which the call to fail was not made says nothing: so many more are made. */
#define UNREACHED_MAX 2

/* A run that is stopped at every call may take so much longer until it hangs. */
#define FOLLOWED_MS 500

/* The findings are confirmed one after the other, by runs that follow from one another. */
struct confirmation {
  struct nomem__campaign *campaign;
  struct nomem__worker *worker;
  size_t number;                                        /* of the finding, in the campaign's list */
  unsigned interrupts;                                  /* so many may have come; after one more nothing is started */
  bool is_output_checked;                               /* against a run that was made after all others, too */
  struct nomem__return_watch with_fault, without_fault; /* what calls of test code's returned in these runs */
  struct nomem__last_call last;                         /* of with_fault: the call that may have reported the failure */
  struct nomem__held_watch held;                        /* what test code had when the call failed */
  struct nomem__call_watch calls_with_fault, calls_without_fault; /* where the call that failed had said nothing */
  struct nomem__test_variable variable;                           /* a NULL was read from */
  struct nomem__trace_frame waits_at;                             /* in test code, of a hang */
  bool has_variable;
  bool is_no_block;      /* what was freed in that run is no block, as far as it had a block table */
  bool is_other_misuse;  /* a block was misused in that run in another way than by a write past its end */
  bool is_of_test;       /* what was freed stood in a variable that the test had given */
  bool is_guarded;       /* blocks are guarded in the run that is made now */
  unsigned unreached;    /* runs of this finding in which the call to fail was not made */
  bool has_said_nothing; /* its run tells nothing, because what the program needs may be gone */
};

static struct nomem__finding *finding_of(struct confirmation *confirmation) {
  return &confirmation->campaign->findings.list[confirmation->number];
}

/* Whether what calls of test code's return is noted. */
static bool is_watched(const struct confirmation *confirmation, const struct nomem__finding *finding) {
  return finding->needs_return_watch && confirmation->campaign->session->setup.trace;
}

/* Whether it is noted what test code has when the call fails: a leak may be one of what it had handed over. */
static bool is_held_watched(const struct confirmation *confirmation, const struct nomem__finding *finding) {
  const struct nomem__campaign *campaign = confirmation->campaign;
  return finding->verdict == NOMEM_VERDICT_LEAK && campaign->session->setup.trace &&
         nomem__code_owners_callers(&campaign->code_owners)->is_divided;
}

/* Whether a run with this watcher is stopped at every call of test code. */
static bool is_followed(const struct confirmation *confirmation, const struct nomem__stop_watcher *watcher) {
  return watcher == &confirmation->calls_with_fault.watcher || watcher == &confirmation->calls_without_fault.watcher;
}

/* watcher may be NULL. */
static void start(struct confirmation *confirmation, const char *plan, bool look_closely,
                  struct nomem__stop_watcher *watcher, nomem__worker_done done) {
  struct nomem__campaign *campaign = confirmation->campaign;
  struct nomem__run_request request = nomem__campaign_request(campaign, plan, done, confirmation);
  if (look_closely) {
    nomem__residue_runs_look_closely(campaign, &request);
    const struct nomem__finding *finding = finding_of(confirmation);
    nomem__guarded_runs_ask(&request, confirmation->is_guarded ? nomem__guarded_runs_from(campaign, &finding->point)
                                                               : finding->guarded_from);
    request.watch_openings = finding->needs_openings;
  }
  request.keep_files = false;
  request.stop_watcher = watcher;
  if (is_followed(confirmation, watcher) && request.timeout_ms != 0) request.timeout_ms += FOLLOWED_MS;
  int result = nomem__worker_start(confirmation->worker, &request);
  if (result != 0) nomem__campaign_give_up(campaign, result);
}

static void run_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);
static void output_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

static bool has_swallowed(const struct nomem__findings *findings) {
  for (size_t i = 0; i < findings->count; i++)
    if (findings->list[i].verdict == NOMEM_VERDICT_SWALLOWED && !findings->list[i].is_confirmed) return true;
  return false;
}

/* Who interrupts an exploration does not wait long for its report; what could not be looked at does not count. */
static void check_output_of_interrupted(struct confirmation *confirmation) {
  struct nomem__campaign *campaign = confirmation->campaign;
  bool is_quick = campaign->baseline_us <= NOMEM__INTERRUPTED_US && !campaign->failed;
  if (confirmation->is_output_checked || !has_swallowed(&campaign->findings)) return;
  if (is_quick) {
    start(confirmation, "", false, NULL, output_done);
    nomem__session_run(campaign->session);
  }
  if (!confirmation->is_output_checked) nomem__results_drop_swallowed(campaign);
}

/* To see a hang again takes too long for somebody who has interrupted the exploration. */
static bool is_passed_over(const struct confirmation *confirmation, const struct nomem__finding *finding) {
  return finding->is_confirmed || (confirmation->interrupts > 0 && finding->verdict == NOMEM_VERDICT_HANG);
}

static void confirm(struct confirmation *confirmation) {
  struct nomem__campaign *campaign = confirmation->campaign;
  const struct nomem__finding *finding = finding_of(confirmation);
  bool is_checked = finding->verdict != NOMEM_VERDICT_SWALLOWED || confirmation->is_output_checked;
  struct nomem__stop_watcher *watcher = NULL;
  if (is_held_watched(confirmation, finding))
    watcher = nomem__held_watch_prepare(&confirmation->held, nomem__code_owners_callers(&campaign->code_owners));
  else if (is_watched(confirmation, finding))
    watcher = nomem__return_watch_prepare(&confirmation->with_fault, &campaign->code_owners, false);
  start(confirmation, is_checked ? finding->plan : "", nomem__confirm_needs_block_table(finding), watcher,
        is_checked ? run_done : output_done);
}

static void confirm_next(struct confirmation *confirmation) {
  struct nomem__campaign *campaign = confirmation->campaign;
  const struct nomem__findings *findings = &campaign->findings;
  while (confirmation->number < findings->count && is_passed_over(confirmation, &findings->list[confirmation->number]))
    confirmation->number++;
  bool is_over = campaign->failed || campaign->session->interrupts > confirmation->interrupts;
  if (!is_over && confirmation->number < findings->count) confirm(confirmation);
}

static void finish_now(struct confirmation *confirmation) {
  finding_of(confirmation)->is_confirmed = !confirmation->has_said_nothing;
  confirmation->has_said_nothing = false;
  confirmation->number++;
  confirmation->unreached = 0;
  confirm_next(confirmation);
}

static void same_blocks_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct confirmation *confirmation = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  const struct nomem__campaign *campaign = confirmation->campaign;
  finding_of(confirmation)->is_in_baseline = campaign->session->options->is_in_place
                                                 ? nomem__guarded_runs_break(campaign, outcome)
                                                 : nomem__guarded_runs_end_otherwise(campaign, outcome);
  finish_now(confirmation);
}

/* The same blocks may have to be guarded once more, without a fault. */
static void finish(struct confirmation *confirmation) {
  const struct nomem__finding *finding = finding_of(confirmation);
  if (!finding->is_flaky && nomem__guarded_runs_are_needed(finding, confirmation->campaign->allocations))
    start(confirmation, "", true, NULL, same_blocks_done);
  else
    finish_now(confirmation);
}

/* Keeps what a call reported only where it explains the finding. */
static void check_explanation(struct confirmation *confirmation, const struct nomem__block_evidence *blocks) {
  struct nomem__finding *finding = finding_of(confirmation);
  if (finding->reported_error == NULL) return;
  if (!nomem__confirm_is_explained(finding, &confirmation->last.call->test, &confirmation->campaign->code_owners,
                                   blocks))
    finding->reported_error = NULL;
}

/* Whether what was freed was never given out. */
static bool is_no_block(const struct nomem__residue *residue) {
  const struct nomem_misuse *misuse = residue->misuse;
  return misuse != NULL && (misuse->kind == NOMEM_MISUSE_FOREIGN || misuse->kind == NOMEM_MISUSE_INSIDE);
}

/* Whether the run blew up by what a variable of the test's held. */
static bool is_of_test(const struct confirmation *confirmation, const struct nomem__outcome *outcome) {
  const struct nomem__code_owners *code_owners = &confirmation->campaign->code_owners;
  struct nomem__trace blow_up;
  nomem__blow_up_trace(outcome, code_owners->symbols, &blow_up);
  return nomem__test_gave_variable(outcome, code_owners, &blow_up);
}

static struct nomem__residue find_residue(const struct nomem__campaign *campaign,
                                          const struct nomem__outcome *outcome) {
  struct nomem__residue residue;
  nomem__residue_check_compute(&campaign->residue_check, campaign->session->options->leaks, campaign->baseline_status,
                               outcome, &campaign->code_owners, &residue);
  return residue;
}

/* The C library has noticed a corruption somewhere later. Where blocks are guarded, it is seen when it is done. */
static void guarded_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct confirmation *confirmation = user;
  const struct nomem__campaign *campaign = confirmation->campaign;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  confirmation->is_guarded = false;
  const struct nomem__residue residue = find_residue(campaign, outcome);
  if (residue.guarded_use.place != NOMEM_GUARDED_NONE)
    nomem__finding_place_by_guard(finding_of(confirmation), outcome, &residue, &campaign->code_owners);
  finish(confirmation);
}

/* Looks once more where the corruption is done, if it was noticed later. */
static void look_for_place(struct confirmation *confirmation, const struct nomem__residue *residue) {
  confirmation->is_guarded =
      confirmation->campaign->heap.has_guards && nomem__confirm_was_noticed_late(finding_of(confirmation), residue);
  if (confirmation->is_guarded)
    start(confirmation, finding_of(confirmation)->plan, true, NULL, guarded_done);
  else
    finish(confirmation);
}

static void block_table_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct confirmation *confirmation = user;
  const struct nomem__campaign *campaign = confirmation->campaign;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  const struct nomem__residue residue = find_residue(campaign, outcome);
  nomem__finding_add_misuse(finding_of(confirmation), outcome, &residue, campaign->session->symbols);
  const struct nomem__block_evidence blocks = {.has_block_table = true,
                                               .is_freed = outcome->end.stack.freed_pointer != 0,
                                               .is_no_block = is_no_block(&residue),
                                               .is_of_test = confirmation->is_of_test};
  check_explanation(confirmation, &blocks);
  look_for_place(confirmation, &residue);
}

/* It is known whether the finding is flaky, and what was returned. One more run, with a block table, may tell more. */
static void learn_or_finish(struct confirmation *confirmation) {
  struct nomem__campaign *campaign = confirmation->campaign;
  const struct nomem__baseline_residue *baseline = &campaign->residue_check.baseline;
  const struct nomem__finding *finding = finding_of(confirmation);
  if (finding->is_flaky || !nomem__confirm_may_learn(finding, baseline) ||
      !baseline->with_block_table.has_block_table) {
    const struct nomem__block_evidence blocks = {.has_block_table = finding->needs_block_table,
                                                 .is_freed = finding->address_kind == NOMEM_ADDRESS_FREED,
                                                 .is_no_block = confirmation->is_no_block,
                                                 .is_of_test = confirmation->is_of_test};
    check_explanation(confirmation, &blocks);
    static const struct nomem__residue no_other_misuse;
    if (confirmation->is_other_misuse)
      finish(confirmation);
    else
      look_for_place(confirmation, &no_other_misuse);
    return;
  }
  start(confirmation, finding->plan, true, NULL, block_table_done);
}

static void calls_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct confirmation *confirmation = user;
  const struct nomem__call_watch *with = &confirmation->calls_with_fault, *without = &confirmation->calls_without_fault;
  char text[NOMEM_RETURN_TEXT_BYTES];
  (void)worker;
  if (outcome->end.was_cancelled) return;
  struct nomem__finding *finding = finding_of(confirmation);
  bool is_explained = confirmation->has_variable
                          ? nomem__call_reason_of_variable(with, without, text)
                          : nomem__call_reason_of_hang(with, without, &confirmation->waits_at, text);
  if (is_explained) finding->reported_error = nomem__strings_add(&confirmation->campaign->reported_errors, text);
  learn_or_finish(confirmation);
}

static void start_call_watch(struct confirmation *confirmation, struct nomem__call_watch *watch,
                             enum nomem__call_watch_kind kind, nomem__worker_done done) {
  const struct nomem__finding *finding = finding_of(confirmation);
  struct nomem__stop_watcher *watcher = nomem__call_watch_prepare(watch, &confirmation->campaign->code_owners, kind);
  if (confirmation->has_variable) watch->variable = &confirmation->variable;
  start(confirmation, finding->plan, nomem__confirm_needs_block_table(finding), watcher, done);
}

static void usual_calls_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct confirmation *confirmation = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  if (confirmation->has_variable && confirmation->calls_without_fault.setter == NULL)
    learn_or_finish(confirmation);
  else
    start_call_watch(confirmation, &confirmation->calls_with_fault, NOMEM_WATCH_WITH_FAULT, calls_done);
}

/* Whether more is to be known of the calls than what the last one has returned that failed: it had said nothing, or it
 * is the one that is made again and again. is_heeded: test code took care. A function that is given another one to call
 * promises to call it. */
static bool asks_for_calls(struct confirmation *confirmation, bool is_heeded) {
  const struct nomem__finding *finding = finding_of(confirmation);
  const struct nomem__watched_call *call = confirmation->last.call;
  if (finding->reported_error != NULL || (is_heeded && !finding->was_not_told)) return false;
  if (finding->verdict == NOMEM_VERDICT_HANG) return confirmation->waits_at.path != NULL;
  return confirmation->has_variable && finding->was_not_told &&
         !nomem__symbols_may_take_function(confirmation->campaign->session->symbols, call->callee.path,
                                           call->callee.offset);
}

/* Where the run blew up, as far as the calls of test code may tell whose fault it was. */
static void note_blow_up(struct confirmation *confirmation, const struct nomem__outcome *outcome) {
  const struct nomem__code_owners *code_owners = &confirmation->campaign->code_owners;
  const struct nomem__finding *finding = finding_of(confirmation);
  struct nomem__trace blow_up;
  confirmation->has_variable = false;
  confirmation->waits_at = (struct nomem__trace_frame){0};
  if (confirmation->last.call == NULL) return;
  nomem__blow_up_trace(outcome, code_owners->symbols, &blow_up);
  if (finding->verdict == NOMEM_VERDICT_CRASH && finding->address_kind == NOMEM_ADDRESS_NULL)
    confirmation->has_variable = nomem__test_variable_find(outcome, code_owners, &blow_up, &confirmation->variable);
  unsigned test = nomem__next_test_call(code_owners, &blow_up, 0);
  if (finding->verdict == NOMEM_VERDICT_HANG && !confirmation->last.is_clean_up && test > 0 && test < blow_up.depth)
    confirmation->waits_at = blow_up.frame[test];
}

/* What the call returns when it does not fail is known, too. */
static void without_fault_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct confirmation *confirmation = user;
  struct nomem__campaign *campaign = confirmation->campaign;
  char text[NOMEM_RETURN_TEXT_BYTES];
  (void)worker;
  if (outcome->end.was_cancelled) return;
  struct nomem__finding *finding = finding_of(confirmation);
  const struct nomem__return_watch *usual = &confirmation->without_fault;
  bool is_heeded = nomem__return_verdict_is_heeded(&confirmation->last, usual, finding->verdict == NOMEM_VERDICT_HANG);
  if (finding->is_ignored_by_test && is_heeded) nomem__finding_clear_test(finding);
  finding->was_not_told = nomem__return_verdict_is_heeded(&confirmation->last, usual, false);
  if (!is_heeded && nomem__return_verdict_is_ignored(&confirmation->last, usual, campaign->session->symbols, text))
    finding->reported_error = nomem__strings_add(&campaign->reported_errors, text);
  if (asks_for_calls(confirmation, is_heeded))
    start_call_watch(confirmation, &confirmation->calls_without_fault, NOMEM_WATCH_WITHOUT_FAULT, usual_calls_done);
  else
    learn_or_finish(confirmation);
}

/* The last call of test code's that had failed, where it may have reported the failure; plan: the point of its fault.
 * NULL: there is none. */
static struct nomem__last_call find_call(struct confirmation *confirmation, const struct nomem__outcome *outcome,
                                         char plan[NOMEM_POINT_PLAN_BYTES]) {
  const struct nomem__finding *finding = finding_of(confirmation);
  const struct nomem__last_call none = {0};
  if (!is_watched(confirmation, finding) || finding->is_flaky || !nomem__confirm_speaks_for_all(finding)) return none;
  struct nomem__last_call last =
      nomem__return_verdict_find(&confirmation->with_fault, outcome, nomem__confirm_is_waiting(finding));
  if (last.call == NULL) return none;
  const struct nomem_fault *fault = &outcome->channel->faults[last.fault];
  snprintf(plan, NOMEM_POINT_PLAN_BYTES, "site=%016" PRIx64 "@%" PRIu64, fault->site, fault->occurrence);
  return fault->site != 0 ? last : none;
}

static void run_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct confirmation *confirmation = user;
  struct nomem__finding *finding = finding_of(confirmation);
  struct nomem__result result;
  char plan[NOMEM_POINT_PLAN_BYTES];
  (void)worker;
  if (outcome->end.was_cancelled || !nomem__campaign_was_started(confirmation->campaign, outcome)) return;
  nomem__results_judge_held(confirmation->campaign, is_held_watched(confirmation, finding) ? &confirmation->held : NULL,
                            outcome, finding->point.second != 0, &result);
  if (result.verdict == NOMEM_VERDICT_UNREACHED && confirmation->unreached++ < UNREACHED_MAX) {
    confirm(confirmation);
    return;
  }
  const struct nomem__campaign *campaign = confirmation->campaign;
  bool has_ended_well = !outcome->end.timed_out && outcome->end.root_status == campaign->baseline_status;
  confirmation->has_said_nothing =
      campaign->session->options->is_in_place && nomem__confirm_says_nothing(finding, result.verdict, has_ended_well);
  if (confirmation->has_said_nothing) {
    finish_now(confirmation);
    return;
  }
  finding->is_flaky =
      !nomem__confirm_is_again(finding->verdict, result.said_not_ok ? NOMEM_VERDICT_REPORTED : result.verdict);
  confirmation->is_no_block = is_no_block(&result.residue);
  confirmation->is_other_misuse = result.residue.misuse != NULL && result.residue.misuse->kind != NOMEM_MISUSE_OVERRUN;
  confirmation->last = find_call(confirmation, outcome, plan);
  note_blow_up(confirmation, outcome);
  confirmation->is_of_test = confirmation->last.call != NULL && is_of_test(confirmation, outcome);
  if (confirmation->last.call == NULL) {
    learn_or_finish(confirmation);
    return;
  }
  struct nomem__stop_watcher *watcher =
      nomem__return_watch_prepare(&confirmation->without_fault, &confirmation->campaign->code_owners, true);
  start(confirmation, plan, nomem__confirm_needs_block_table(finding), watcher, without_fault_done);
}

/* Lines that have changed since the baselines depend on the time: who compared them saw nothing. */
static void output_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct confirmation *confirmation = user;
  struct nomem__campaign *campaign = confirmation->campaign;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  bool has_changed = nomem__output_differs(&campaign->baseline_output, &outcome->output) ||
                     nomem__file_check_differs(campaign, outcome);
  nomem__baseline_output_compare(&campaign->baseline_output, &outcome->output, &outcome->error);
  if (outcome->files != NULL) nomem__file_check_learn(campaign, outcome->files);
  confirmation->is_output_checked = true;
  if (has_changed) {
    nomem__results_drop_swallowed(campaign);
    confirmation->number = 0;
  }
  confirm_next(confirmation);
}

static bool is_block_table_needed(const struct nomem__campaign *campaign) {
  for (size_t i = 0; i < campaign->findings.count; i++) {
    const struct nomem__finding *finding = &campaign->findings.list[i];
    bool needs_it = nomem__confirm_needs_block_table(finding) ||
                    nomem__confirm_may_learn(finding, &campaign->residue_check.baseline);
    if (!finding->is_confirmed && needs_it) return true;
  }
  return false;
}

/* Whether a corruption was found where blocks were not watched. */
static bool has_unwatched_corruption(const struct nomem__findings *findings) {
  for (size_t i = 0; i < findings->count; i++) {
    const struct nomem__finding *finding = &findings->list[i];
    if (finding->verdict == NOMEM_VERDICT_CORRUPTION && !finding->is_confirmed && finding->guarded_from == 0)
      return true;
  }
  return false;
}

static void stop_confirming(uv_timer_t *timer) {
  struct confirmation *confirmation = timer->data;
  confirmation->interrupts = 0;
  nomem__campaign_cancel_runs(confirmation->campaign);
}

/* What an interrupted exploration has found is as good as what it would have reported at its end. */
static void confirm_after_interrupt(struct confirmation *confirmation) {
  struct nomem__session *session = confirmation->campaign->session;
  uv_timer_t timer = {.data = confirmation};
  confirmation->interrupts = session->interrupts;
  uv_timer_init(&session->loop, &timer);
  uv_timer_start(&timer, stop_confirming, INTERRUPTED_MS, 0);
  uv_unref((uv_handle_t *)&timer);
  confirm_next(confirmation);
  nomem__session_run(session);
  uv_close((uv_handle_t *)&timer, NULL);
  nomem__session_run(session);
}

void nomem__confirm_findings(struct nomem__campaign *campaign) {
  struct confirmation *confirmation = nomem__calloc(1, sizeof *confirmation);
  confirmation->campaign = campaign;
  confirmation->worker = campaign->workers[0].worker;
  bool has_table = is_block_table_needed(campaign) && nomem__residue_runs_prepare(campaign);
  bool may_guard = has_table && campaign->session->options->heap != NOMEM_HEAP_OFF;
  if (may_guard && has_unwatched_corruption(&campaign->findings)) nomem__guarded_runs_prepare(campaign);
  confirm_next(confirmation);
  nomem__session_run(campaign->session);
  if (campaign->session->interrupts > 0) confirm_after_interrupt(confirmation);
  check_output_of_interrupted(confirmation);
  nomem__held_watch_free(&confirmation->held);
  nomem__call_watch_free(&confirmation->calls_with_fault);
  nomem__call_watch_free(&confirmation->calls_without_fault);
  free(confirmation);
  nomem__findings_merge_unreported(&campaign->findings);
  nomem__findings_merge_shared(&campaign->findings, &campaign->code_owners);
}
