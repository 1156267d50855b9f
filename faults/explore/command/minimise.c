/* SPDX-License-Identifier: MIT */
/* nomem minimise: of all calls that a plan fails, finds the few that lead to the same end when they alone fail. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../campaign/baseline.h"
#include "../campaign/campaign.h"
#include "../campaign/residue_runs.h"
#include "../campaign/results.h"
#include "../report/reproduction.h"
#include "../text/complain.h"
#include "../text/memory.h"
#include "commands.h"
#include "stored_run.h"

/* One call that the plan failed, and whether it is among those that the next run fails. */
struct call {
  struct nomem_fault fault;
  struct nomem__trace trace; /* owns its paths */
  bool is_needed;
};

/* How a run ended, as far as two runs are compared. */
struct end {
  enum nomem__verdict verdict;
  uint64_t place; /* the hash of its finding; 0: it is none */
  int status;
};

struct minimiser {
  struct nomem__campaign *campaign;
  const struct nomem_channel *channel;
  struct call calls[NOMEM_PLAN_RULES];
  unsigned call_count, runs;
  bool looks_closely;      /* at what runs leave */
  struct end last, wanted; /* of the last run; of the whole plan */
};

static uint64_t place_of(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                         const struct nomem__result *result) {
  struct nomem__findings findings = {0};
  char detail[NOMEM_DETAIL_BYTES];
  enum nomem__verdict verdict = result->verdict;
  struct nomem__judged_run found = {.verdict = verdict, .outcome = outcome, .plan = ""};
  const struct nomem__finding *finding = NULL;
  uint64_t place = 0;
  nomem__results_describe(campaign, &result->residue, &found, detail);
  if (verdict == NOMEM_VERDICT_LEFTOVER && found.file_hash != 0) return 1; /* the file has another name in each run */
  if (nomem__verdict_is_shown(verdict) && nomem__findings_add(&findings, &found, &campaign->code_owners, &finding) == 0)
    place = finding->hash;
  nomem__findings_free(&findings);
  return place;
}

static void run_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct minimiser *minimiser = user;
  struct nomem__result result;
  (void)worker;
  nomem__results_judge(minimiser->campaign, outcome, false, &result);
  minimiser->channel = outcome->channel;
  minimiser->last = (struct end){.verdict = result.verdict,
                                 .place = place_of(minimiser->campaign, outcome, &result),
                                 .status = outcome->end.root_status};
}

/* Makes a run. Returns 0; or a negative error code, and then there is no end to compare. */
static int run(struct minimiser *minimiser, const char *plan) {
  struct nomem__campaign *campaign = minimiser->campaign;
  struct nomem__session *session = campaign->session;
  struct nomem__run_request request = nomem__campaign_request(campaign, plan, run_done, minimiser);
  request.record_sites = true; /* the calls that fail are named one by one */
  if (minimiser->looks_closely) nomem__residue_runs_look_closely(campaign, &request);
  if (minimiser->looks_closely) request.guarded_from = session->options->guarded_from;
  int result = nomem__worker_start(campaign->workers[0].worker, &request);
  if (result != 0) return result;
  nomem__session_run(session);
  minimiser->runs++;
  campaign->progress.done++;
  return session->interrupted_by != 0 ? -EINTR : 0;
}

/* Whether the plan leads to the same end: to the same verdict in the same place, or where that is no bug, to the same
 * exit status. Returns a negative error code when the run could not be made. */
static int is_same(struct minimiser *minimiser, const char *plan) {
  const struct end *last = &minimiser->last, *wanted = &minimiser->wanted;
  int result = run(minimiser, plan);
  if (result != 0) return result;
  return last->verdict == wanted->verdict && last->place == wanted->place &&
         (nomem__verdict_is_shown(last->verdict) || last->status == wanted->status);
}

/* The plan that fails the needed calls by their names, except call number without; call_count: none is left out. */
static void print_plan(const struct minimiser *minimiser, unsigned without, char *plan) {
  size_t at = 0;
  plan[0] = '\0';
  for (unsigned i = 0; i < minimiser->call_count; i++) {
    const struct nomem_fault *fault = &minimiser->calls[i].fault;
    if (!minimiser->calls[i].is_needed || i == without) continue;
    at += (size_t)snprintf(plan + at, NOMEM_PLAN_BYTES - at, "%ssite=%016" PRIx64 "@%" PRIu64, at > 0 ? ";" : "",
                           fault->site, fault->occurrence);
  }
}

/* The given plan, with at most count failures of each rule. */
static void print_limited(const struct nomem_plan *plan, uint64_t count, char *text) {
  struct nomem_plan limited = *plan;
  for (uint32_t i = 0; i < limited.rule_count; i++) {
    struct nomem_rule *rule = &limited.rule[i];
    if (!(rule->has & NOMEM_HAS_MAX) || rule->max > count) rule->max = count;
    rule->has |= NOMEM_HAS_MAX;
  }
  nomem_plan_print(&limited, text, NOMEM_PLAN_BYTES);
}

/* Finds the least number of calls, from the first on, that lead to the same end: first by doubling the number, then by
 * halving the difference. All of them, total, do. Returns the number, or a negative error code. */
static int64_t shorten(struct minimiser *minimiser, const struct nomem_plan *plan, uint64_t total) {
  char text[NOMEM_PLAN_BYTES];
  uint64_t too_few = 0, enough = total, count = 1;
  while (enough - too_few > 1) {
    print_limited(plan, count, text);
    int result = is_same(minimiser, text);
    if (result < 0) return result;
    if (result)
      enough = count;
    else
      too_few = count;
    count = enough == total && count * 2 < total ? count * 2 : too_few + (enough - too_few) / 2;
  }
  return (int64_t)enough;
}

static int list_calls(struct minimiser *minimiser) {
  const struct nomem_channel *channel = minimiser->channel;
  uint32_t count = channel->fault_count;
  if (count > NOMEM_PLAN_RULES) return -E2BIG;
  for (uint32_t i = 0; i < count; i++) {
    struct call *call = &minimiser->calls[minimiser->call_count];
    struct nomem__trace trace;
    if (!channel->faults[i].ready || channel->faults[i].site == 0) return -E2BIG;
    call->fault = channel->faults[i];
    call->is_needed = true;
    nomem__trace_of_frames(channel, call->fault.frame, call->fault.depth, &trace);
    nomem__trace_copy(&call->trace, &trace);
    minimiser->call_count++;
  }
  return 0;
}

/* One call alone is the best answer, and most often it is the last one. Otherwise the calls are left out one by one, as
 * long as the rest leads to the same end. Returns how many are needed; 0 when not even all of them, named one by one,
 * lead to the same end; or a negative error code. */
static int leave_out(struct minimiser *minimiser) {
  char plan[NOMEM_PLAN_BYTES];
  int result = 0;
  for (unsigned alone = minimiser->call_count; alone-- > 0 && result == 0;) {
    for (unsigned i = 0; i < minimiser->call_count; i++) minimiser->calls[i].is_needed = i == alone;
    print_plan(minimiser, minimiser->call_count, plan);
    result = is_same(minimiser, plan);
  }
  if (result != 0) return result;
  for (unsigned i = 0; i < minimiser->call_count; i++) minimiser->calls[i].is_needed = true;
  print_plan(minimiser, minimiser->call_count, plan);
  result = is_same(minimiser, plan);
  int needed = (int)minimiser->call_count;
  for (unsigned i = 0; i < minimiser->call_count && result > 0; i++) {
    print_plan(minimiser, i, plan);
    int is_dispensable = is_same(minimiser, plan);
    if (is_dispensable < 0) return is_dispensable;
    minimiser->calls[i].is_needed = !is_dispensable;
    needed -= is_dispensable;
  }
  return result > 0 ? needed : result;
}

static void report(struct minimiser *minimiser, uint64_t total, int needed, const char *plan) {
  const struct nomem__campaign *campaign = minimiser->campaign;
  enum nomem__verdict verdict = minimiser->wanted.verdict;
  bool is_timed = verdict == NOMEM_VERDICT_HANG || verdict == NOMEM_VERDICT_FLOOD;
  bool is_left = verdict == NOMEM_VERDICT_LEAK || verdict == NOMEM_VERDICT_LEFTOVER ||
                 (verdict == NOMEM_VERDICT_SANITIZER && campaign->residue_check.was_leak_checked);
  printf("%d of %" PRIu64 " failed calls lead%s to the same end (%s; %u runs)\n", needed, total, needed == 1 ? "s" : "",
         nomem__verdicts[minimiser->wanted.verdict].name, minimiser->runs);
  for (unsigned i = 0; i < minimiser->call_count; i++) {
    const struct call *call = &minimiser->calls[i];
    if (!call->is_needed) continue;
    printf("  %s of %" PRIu64 " bytes:\n", nomem_fn_name((enum nomem_fn)call->fault.fn), call->fault.size_bytes);
    nomem__trace_print(stdout, &call->trace, campaign->session->symbols, 0, NOMEM_TRACE_DEPTH, 4);
  }
  fputs("  reproduce: ", stdout);
  nomem__print_reproduction(stdout, campaign->session->options, plan, is_timed ? campaign->timeout_ms : 0, is_left,
                            campaign->session->options->guarded_from);
}

/* Runs the plan as it was given. Returns how many calls it failed, or a negative error code after one line on standard
 * error. */
static int64_t try_whole(struct minimiser *minimiser, const char *plan) {
  int result = run(minimiser, plan);
  if (result != 0) return result;
  minimiser->wanted = minimiser->last;
  if (minimiser->wanted.verdict == NOMEM_VERDICT_UNREACHED) {
    nomem__complain("minimise: the plan '%s' fails no call ('nomem sites' lists them)", plan);
    return -ENOENT;
  }
  if (minimiser->wanted.verdict != NOMEM_VERDICT_HANDLED) return minimiser->channel->fault_count;
  nomem__complain("minimise: with '%s' the program ends as it does without a fault: there is nothing to minimise",
                  plan);
  return -ENOENT;
}

static int minimise(struct minimiser *minimiser, const struct nomem_plan *plan, char *text) {
  nomem_plan_print(plan, text, NOMEM_PLAN_BYTES);
  int64_t total = try_whole(minimiser, text);
  if (total < 0) return (int)total;
  int64_t enough = shorten(minimiser, plan, (uint64_t)total);
  if (enough < 0) return (int)enough;
  if (enough < total) print_limited(plan, (uint64_t)enough, text);
  int result = is_same(minimiser, text);
  if (result < 0) return result;
  if (result == 0) {
    nomem__complain("minimise: '%s' does not lead to the same end each time: it cannot be minimised", text);
    return -EAGAIN;
  }
  result = list_calls(minimiser);
  int needed = result == 0 ? leave_out(minimiser) : result == -E2BIG ? 0 : result;
  if (needed < 0) return needed;
  if (needed > 0) {
    print_plan(minimiser, minimiser->call_count, text);
  } else {
    needed = (int)enough;
    for (unsigned i = 0; i < minimiser->call_count; i++) minimiser->calls[i].is_needed = true;
  }
  report(minimiser, (uint64_t)total, needed, text);
  return 0;
}

static int open_worker(struct minimiser *minimiser) {
  struct nomem__campaign *campaign = minimiser->campaign;
  int result = nomem__campaign_set_workers(campaign, 1);
  if (result == 0) result = nomem__baseline_run(campaign);
  minimiser->looks_closely = result == 0 && campaign->session->setup.trace && nomem__residue_runs_prepare(campaign);
  return result;
}

static void interrupt(void *user) {
  nomem__campaign_cancel_runs(user);
}

static int minimise_in(struct nomem__session *session) {
  struct nomem__campaign *campaign =
      nomem__campaign_new(session, session->setup.trace ? NOMEM_WATCH_LIVE : NOMEM_WATCH_NONE);
  struct minimiser *minimiser = nomem__calloc(1, sizeof *minimiser);
  char text[NOMEM_PLAN_BYTES];
  minimiser->campaign = campaign;
  session->on_interrupt = interrupt;
  session->user = campaign;
  int result = open_worker(minimiser) == 0 ? 0 : -ECANCELED;
  if (result == 0) {
    nomem__progress_start(&campaign->progress, &session->loop, 0);
    result = minimise(minimiser, &session->options->plan, text);
    nomem__progress_stop(&campaign->progress);
  }
  for (unsigned i = 0; i < minimiser->call_count; i++) nomem__trace_free(&minimiser->calls[i].trace);
  session->on_interrupt = NULL;
  free(minimiser);
  nomem__campaign_free(campaign);
  return result;
}

static int minimise_plan(const struct nomem__options *given) {
  static struct nomem__session session;
  struct nomem__options options = *given;
  if (options.plan.has & NOMEM_HAS_HOSTILE) {
    nomem__complain("minimise: hostile= fails no call: 'nomem explore --hostile' finds the call that matters");
    return NOMEM_EXIT_FAILED;
  }
  options.engine = NOMEM_CHOICE_EXEC;
  if (nomem__session_open(&session, &options, false) != 0) return NOMEM_EXIT_FAILED;
  int result = minimise_in(&session);
  if (result == -EINTR) nomem__complain("interrupted");
  nomem__session_close(&session);
  return result == 0 ? NOMEM_EXIT_CLEAN : NOMEM_EXIT_FAILED;
}

int nomem__minimise(const struct nomem__options *options) {
  static struct nomem__stored_run stored;
  if (options->plan_text != NULL) return minimise_plan(options);
  int result = nomem__stored_run_load(options, &stored), status = result < 0 ? NOMEM_EXIT_FAILED : NOMEM_EXIT_CLEAN;
  if (result == 0) {
    nomem__stored_run_set_surroundings(&stored);
    nomem__stored_run_enter_folder(&stored);
    nomem__stored_run_set_variables(&stored);
    stored.options.timeout_ms = stored.timeout_ms;
    status = minimise_plan(&stored.options);
  }
  nomem__stored_run_free(&stored);
  return status;
}
