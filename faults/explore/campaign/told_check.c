/* SPDX-License-Identifier: MIT */
#include "told_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../judge/call_watch.h"
#include "../judge/common_site.h"
#include "../judge/error_names.h"
#include "../judge/look_watch.h"
#include "../judge/return_verdict.h"
#include "../text/function_name.h"
#include "../text/grow.h"
#include "../text/memory.h"
#include "results.h"

/* Of one common site: the point whose run is looked at, and the call of test code in which the allocation failed. */
struct told_call {
  size_t rank;
  bool is_known;      /* the call has returned */
  bool asks_no_error; /* after its error, test code calls nothing that says which it was */
  uint64_t place;     /* of the call, as in struct nomem__told_event */
  struct nomem__debug_result type;
  struct nomem__trace_frame callee;
  struct nomem__returned_enum names; /* and the value */
};

struct told_check;

/* What a worker does. */
struct told_run {
  struct told_check *check;
  struct nomem__worker_slot *slot;
  struct nomem__call_watch with_fault, without_fault;
  struct told_call *now;
  enum nomem__told told; /* as the calls show it */
  size_t common;         /* how many events the two have in common after that call */
};

struct told_check {
  struct nomem__campaign *campaign;
  struct told_call *calls;
  size_t count, room, next;
  struct told_run *runs; /* one for each worker */
};

/* So many common sites are looked at where all points were tried, with three runs each at most, or one for so many
 * points; and one for so many where only some were, as in a suite. */
#define ALWAYS 128
#define POINTS_A_SITE 8

size_t nomem__told_check_max(bool all, size_t tried, size_t untried) {
  if (all) return SIZE_MAX;
  if (untried > 0) return tried / POINTS_A_SITE + 1;
  return tried / POINTS_A_SITE > ALWAYS ? tried / POINTS_A_SITE : ALWAYS;
}

bool nomem__told_check_is_due(const struct nomem__point *point, const struct nomem__point_state *state) {
  bool has_failed =
      state->result == NOMEM_VERDICT_REPORTED + 1 || (state->result == NOMEM_VERDICT_HANDLED + 1 && state->said_not_ok);
  return !point->persistent && point->second == 0 && !state->is_known && has_failed;
}

/* The key of a common site; 0: it has none, or no test code that could be told anything. */
static uint64_t find_common_site(const struct nomem__campaign *campaign, const struct nomem__campaign_site *site) {
  struct nomem__trace trace;
  nomem__site_list_trace(site, campaign->modules, campaign->module_count, &trace);
  const struct nomem__code_owners *callers = nomem__code_owners_callers(&campaign->code_owners);
  bool has_test = nomem__next_test_call(callers, &trace, 0) < trace.depth;
  return has_test ? nomem__common_site_of(callers, &trace) : 0;
}

static void collect(struct told_check *check) {
  const struct nomem__campaign *campaign = check->campaign;
  uint64_t *keys = nomem__calloc(campaign->point_count + 1, sizeof *keys);
  for (size_t i = 0; i < campaign->point_count; i++) {
    if (!nomem__told_check_is_due(&campaign->points[i], &campaign->states[i])) continue;
    uint64_t key = find_common_site(campaign, &campaign->sites[campaign->points[i].site]);
    size_t known = 0;
    while (known < check->count && keys[known] != key) known++;
    if (key == 0 || known < check->count) continue;
    keys[check->count] = key;
    check->calls = nomem__grow(check->calls, check->count, &check->room, sizeof *check->calls);
    check->calls[check->count++] = (struct told_call){.rank = i};
  }
  free(keys);
}

/* watcher may be NULL. */
static void start(struct told_run *run, struct nomem__stop_watcher *watcher, nomem__worker_done done) {
  struct nomem__campaign *campaign = run->check->campaign;
  char plan[NOMEM_POINT_PLAN_BYTES];
  nomem__campaign_plan(campaign, &campaign->points[run->now->rank], NOMEM_KEY_DIGITS_ALL, plan);
  struct nomem__run_request request = nomem__campaign_request(campaign, plan, done, run);
  request.keep_files = false;
  request.stop_watcher = watcher;
  int result = nomem__worker_start(run->slot->worker, &request);
  if (result != 0) nomem__campaign_give_up(campaign, result);
}

static bool is_reported(const struct told_run *run, const struct nomem__outcome *outcome) {
  struct nomem__result result;
  if (!nomem__campaign_was_started(run->check->campaign, outcome)) return false;
  nomem__results_judge(run->check->campaign, outcome, false, &result);
  return result.verdict == NOMEM_VERDICT_REPORTED || result.said_not_ok;
}

static void learn_result(const struct told_run *run, const struct nomem__told_event *event,
                         const struct nomem__trace_frame *callee, struct told_call *call) {
  call->type = event->type;
  call->callee = *callee;
  call->names = (struct nomem__returned_enum){.value = nomem__returned_number(&event->type, event->value)};
  nomem__symbols_each_enumerator(run->check->campaign->session->symbols, callee->path, callee->offset,
                                 nomem__returned_enum_note, &call->names);
}

/* First step: what the call returned, of each common site. */
static void look_at_next(struct told_run *run);

static void start_with_fault(struct told_run *run, enum nomem__call_watch_kind kind, nomem__worker_done done) {
  const struct nomem__code_owners *callers = nomem__code_owners_callers(&run->check->campaign->code_owners);
  start(run, nomem__call_watch_prepare(&run->with_fault, callers, kind), done);
}

static void looked(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct told_run *run = user;
  struct told_call *now = run->now;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  const struct nomem__told_events events = nomem__call_watch_events(&run->with_fault);
  const struct nomem__told_event *failed = nomem__told_failed_call(&events);
  /* Which function was called is not always known, such as through a pointer from a library. */
  bool has_callee = failed != NULL && run->with_fault.failed->callee.path != NULL;
  if (is_reported(run, outcome) && has_callee) {
    now->is_known = true;
    now->place = failed->place;
    learn_result(run, failed, &run->with_fault.failed->callee, now);
  }
  look_at_next(run);
}

static void look_at_next(struct told_run *run) {
  struct told_check *check = run->check;
  if (check->next == check->count || nomem__campaign_is_over(check->campaign)) return;
  run->now = &check->calls[check->next++];
  start_with_fault(run, NOMEM_WATCH_FAILED_CALL, looked);
}

/* Second step, once all of that is known: what comes to test code without the fault, and once more with it. */
static void compare_next(struct told_run *run);

static bool is_number(const struct told_call *call) {
  return call->type.kind == NOMEM_RESULT_SIGNED && call->type.bytes > 0 && call->names.name[0] == '\0';
}

/* Whether a call into the same library has returned -ENOMEM: its errors are those of errno. */
static bool knows_errno(const struct told_check *check, const struct told_call *of) {
  for (size_t i = 0; i < check->count; i++) {
    const struct told_call *other = &check->calls[i];
    if (other->is_known && is_number(other) && other->names.value == -ENOMEM &&
        strcmp(other->callee.path, of->callee.path) == 0)
      return true;
  }
  return false;
}

static bool is_wrong_error(const struct told_check *check, const struct told_call *of, int64_t usual) {
  return nomem__returned_enum_is_wrong(&of->names, usual) ||
         (is_number(of) && nomem__returned_errno_is_wrong(of->names.value, usual, knows_errno(check, of)));
}

/* What is known without a look at the run without the fault: NULL, and a number below 0, are errors; one of them may be
 * the wrong one. */
static bool is_worth_comparing(const struct told_check *check, const struct told_call *of) {
  if (!of->is_known) return false;
  bool says_no = (of->type.kind == NOMEM_RESULT_POINTER && of->names.value == 0) ||
                 (of->type.kind == NOMEM_RESULT_SIGNED && of->names.value < 0);
  return !says_no || is_wrong_error(check, of, 0);
}

/* "url_check returned URL_BAD_HOST; the type has URL_NO_MEMORY". */
static void describe_error(const struct told_call *now, const char *name, char detail[NOMEM_DETAIL_BYTES]) {
  if (now->names.memory_name[0] == '\0')
    snprintf(detail, NOMEM_DETAIL_BYTES, "%.200s returned %" PRId64 ", other calls of the library return %d (-ENOMEM)",
             name, now->names.value, -ENOMEM);
  else if (now->names.name[0] == '\0')
    snprintf(detail, NOMEM_DETAIL_BYTES, "%.200s returned %" PRId64 "; the type has %s", name, now->names.value,
             now->names.memory_name);
  else
    snprintf(detail, NOMEM_DETAIL_BYTES, "%.200s returned %s; the type has %s", name, now->names.name,
             now->names.memory_name);
}

static void describe(const struct told_run *run, enum nomem__verdict verdict, char detail[NOMEM_DETAIL_BYTES]) {
  const char *who = run->check->campaign->code_owners.is_divided ? "test" : "program";
  struct nomem__source_frame callee[NOMEM_INLINED_MAX];
  const struct told_call *now = run->now;
  char short_name[NOMEM_FUNCTION_NAME_BYTES];
  size_t count = nomem__symbols_resolve(run->check->campaign->session->symbols, now->callee.path, now->callee.offset,
                                        false, callee, NOMEM_INLINED_MAX);
  const char *name = callee[count - 1].function;
  name = name != NULL ? nomem__shorten_function(name, short_name) : "a call";
  if (verdict == NOMEM_VERDICT_MISREPORTED)
    describe_error(now, name, detail);
  else if (verdict == NOMEM_VERDICT_SILENT)
    snprintf(detail, NOMEM_DETAIL_BYTES,
             "%.200s returned what it always does, no later call reported a failure, and the %s failed", name, who);
  else
    snprintf(detail, NOMEM_DETAIL_BYTES,
             "%.200s returned what it always does, and the %s failed; no other report of the failure was seen", name,
             who);
}

/* A program that is no test has its own ways to say that it had no memory, and reasons for an exit status that nobody
 * sees from outside: only what is certain is held against it. */
static enum nomem__verdict verdict_of(const struct told_run *run, enum nomem__told told,
                                      const struct nomem__outcome *outcome) {
  static const enum nomem__verdict verdicts[] = {[NOMEM_TOLD] = NOMEM_VERDICT_REPORTED,
                                                 [NOMEM_TOLD_STOPPED] = NOMEM_VERDICT_REPORTED,
                                                 [NOMEM_TOLD_UNSEEN] = NOMEM_VERDICT_UNTOLD,
                                                 [NOMEM_TOLD_LOOKED] = NOMEM_VERDICT_UNTOLD,
                                                 [NOMEM_TOLD_NOTHING] = NOMEM_VERDICT_SILENT};
  bool is_test = run->check->campaign->code_owners.is_divided;
  bool may_have_said_so = told != NOMEM_TOLD_NOTHING || nomem__output_speaks_of_memory(&outcome->error);
  return !is_test && may_have_said_so ? NOMEM_VERDICT_REPORTED : verdicts[told];
}

/* Whether a later call returned an enumerator that says another error, although its type has one for a lack of memory.
 * It then stands for the call in which the allocation failed. */
static bool is_wrong_later(struct told_run *run, const struct nomem__told_event *event) {
  struct told_call later = *run->now;
  struct nomem__trace_frame callee;
  if (event == NULL || !nomem__call_watch_find_callee(&run->with_fault, event, &callee)) return false;
  learn_result(run, event, &callee, &later);
  if (later.names.value == 0 || !nomem__returned_enum_is_wrong(&later.names, 0)) return false;
  *run->now = later;
  return true;
}

/* Whether test code asks, by a call whose name says so, which error it was. *is_wrong: it is told another one, which
 * then stands for what the call returned. */
static bool is_asked_for_error(const struct nomem__told_event *event, struct told_run *run, bool *is_wrong) {
  struct nomem__source_frame source = {0};
  struct nomem__trace_frame callee;
  if (event->kind != NOMEM_TOLD_RESULT || !nomem__call_watch_find_callee(&run->with_fault, event, &callee))
    return false;
  nomem__symbols_resolve(run->check->campaign->session->symbols, callee.path, callee.offset, false, &source, 1);
  struct told_call answer = *run->now;
  learn_result(run, event, &callee, &answer);
  if (source.function == NULL || !nomem__names_status(source.function) || answer.names.memory_name[0] == '\0')
    return false;
  *is_wrong = answer.names.value != 0 && nomem__returned_enum_is_wrong(&answer.names, 0);
  if (*is_wrong) *run->now = answer;
  return true;
}

/* The same, of all that comes after the call in which the allocation failed. */
static bool asks_for_error(struct told_run *run, const struct nomem__told_events *events, bool *is_wrong) {
  const struct nomem__told_event *failed = nomem__told_failed_call(events);
  if (failed == NULL) return false;
  for (size_t i = (size_t)(failed - events->list) + 1; i < events->count; i++)
    if (is_asked_for_error(&events->list[i], run, is_wrong)) return true;
  return false;
}

/* What test code was told. *is_wrong: it was the wrong error. */
static enum nomem__told judge(struct told_run *run, bool *is_wrong) {
  const struct nomem__told_events events = nomem__call_watch_events(&run->with_fault);
  const struct nomem__told_events usual = nomem__call_watch_events(&run->without_fault);
  const struct nomem__told_event *failed = nomem__told_failed_call(&usual);
  if (failed == NULL || nomem__told_failed_call(&events) == NULL) return NOMEM_TOLD;
  *is_wrong = is_wrong_error(run->check, run->now, nomem__returned_number(&failed->type, failed->value));
  enum nomem__told told = nomem__told_decide(&events, &usual);
  if (!*is_wrong) *is_wrong = is_wrong_later(run, nomem__told_late_report(&events, &usual));
  if (!*is_wrong && told == NOMEM_TOLD) asks_for_error(run, &events, is_wrong);
  run->common = nomem__told_common(&events, &usual);
  return told;
}

static void enter(struct told_run *run, const struct nomem__outcome *outcome, enum nomem__verdict verdict) {
  char detail[NOMEM_DETAIL_BYTES];
  const struct nomem__result result = {.verdict = verdict};
  if (verdict == NOMEM_VERDICT_REPORTED) return;
  describe(run, verdict, detail);
  nomem__results_enter_result(run->slot, outcome, run->now->rank, &result, detail);
}

/* Third step, where no call told test code anything, nor gave it what it noticed: what it looked at in memory. */
static void looked_with_fault(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct told_run *run = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  const struct nomem__looks looks = nomem__call_watch_looks(&run->with_fault);
  const struct nomem__looks usual = nomem__call_watch_looks(&run->without_fault);
  bool is_result =
      nomem__look_shows_result(&looks, &usual, nomem__look_names_status, run->check->campaign->session->symbols);
  if (is_reported(run, outcome))
    enter(run, outcome, verdict_of(run, is_result ? NOMEM_TOLD_NOTHING : run->told, outcome));
  compare_next(run);
}

static void looked_without_fault(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct told_run *run = user;
  const struct nomem__code_owners *callers = nomem__code_owners_callers(&run->check->campaign->code_owners);
  (void)worker;
  if (outcome->end.was_cancelled) return;
  start(run, nomem__call_watch_prepare_looks(&run->with_fault, callers, NOMEM_WATCH_WITH_FAULT, run->common),
        looked_with_fault);
}

static void compared(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct told_run *run = user;
  const struct nomem__code_owners *callers = nomem__code_owners_callers(&run->check->campaign->code_owners);
  bool is_wrong = false;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  enum nomem__told told = run->told = is_reported(run, outcome) ? judge(run, &is_wrong) : NOMEM_TOLD;
  if (!is_wrong && (told == NOMEM_TOLD_LOOKED || told == NOMEM_TOLD_STOPPED)) {
    start(run, nomem__call_watch_prepare_looks(&run->without_fault, callers, NOMEM_WATCH_WITHOUT_FAULT, run->common),
          looked_without_fault);
    return;
  }
  enter(run, outcome, is_wrong ? NOMEM_VERDICT_MISREPORTED : verdict_of(run, told, outcome));
  compare_next(run);
}

static void usual_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct told_run *run = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  const struct nomem__told_events usual = nomem__call_watch_events(&run->without_fault);
  if (nomem__told_failed_call(&usual) == NULL || outcome->end.root_status != run->check->campaign->baseline_status)
    compare_next(run);
  else
    start_with_fault(run, NOMEM_WATCH_WITH_FAULT, compared);
}

static void compare_next(struct told_run *run) {
  struct told_check *check = run->check;
  while (check->next < check->count && !is_worth_comparing(check, &check->calls[check->next])) check->next++;
  if (check->next == check->count || nomem__campaign_is_over(check->campaign)) return;
  run->now = &check->calls[check->next++];
  const struct nomem__code_owners *callers = nomem__code_owners_callers(&check->campaign->code_owners);
  start(run, nomem__call_watch_prepare(&run->without_fault, callers, NOMEM_WATCH_WITHOUT_FAULT), usual_done);
}

/* Fourth step, where the call reported an error: what test code is told that asks which one it was. */
static void ask_next(struct told_run *run);

static void asked(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct told_run *run = user;
  bool is_wrong = false;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  const struct nomem__told_events events = nomem__call_watch_events(&run->with_fault);
  run->now->asks_no_error = !asks_for_error(run, &events, &is_wrong);
  if (is_wrong && is_reported(run, outcome)) enter(run, outcome, NOMEM_VERDICT_MISREPORTED);
  ask_next(run);
}

/* Whether it is known already that nothing is asked after an error of the same call of test code's. */
static bool is_known_to_ask_nothing(const struct told_check *check, const struct told_call *of) {
  for (size_t i = 0; i < check->count; i++)
    if (check->calls[i].asks_no_error && check->calls[i].place == of->place) return true;
  return false;
}

static bool is_worth_asking(const struct told_check *check, const struct told_call *of) {
  return of->is_known && !is_worth_comparing(check, of) && !is_known_to_ask_nothing(check, of);
}

static void ask_next(struct told_run *run) {
  struct told_check *check = run->check;
  while (check->next < check->count && !is_worth_asking(check, &check->calls[check->next])) check->next++;
  if (check->next == check->count || nomem__campaign_is_over(check->campaign)) return;
  run->now = &check->calls[check->next++];
  start_with_fault(run, NOMEM_WATCH_WITH_FAULT, asked);
}

/* How many calls a step has not come to, of those that it is for. */
static size_t count_left(const struct told_check *check,
                         bool (*is_worth)(const struct told_check *check, const struct told_call *of)) {
  size_t count = 0;
  for (size_t i = check->next; i < check->count; i++) count += is_worth(check, &check->calls[i]);
  return count;
}

static void make_runs(struct told_check *check, void (*begin)(struct told_run *run)) {
  struct nomem__campaign *campaign = check->campaign;
  check->next = 0;
  for (unsigned i = 0; i < campaign->worker_count; i++) begin(&check->runs[i]);
  nomem__session_run(campaign->session);
}

static bool is_wanted(const struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  return session->options->heap != NOMEM_HEAP_OFF && session->setup.trace &&
         nomem__code_owners_callers(&campaign->code_owners)->is_divided;
}

static void look(struct told_check *check) {
  struct nomem__campaign *campaign = check->campaign;
  check->runs = nomem__calloc(campaign->worker_count, sizeof *check->runs);
  for (unsigned i = 0; i < campaign->worker_count; i++)
    check->runs[i] = (struct told_run){.check = check, .slot = &campaign->workers[i]};
  campaign->engine = NOMEM_ENGINE_EXEC;
  make_runs(check, look_at_next);
  campaign->told.looked_at = check->next;
  campaign->looks_cut_short += check->count - check->next;
  make_runs(check, compare_next);
  campaign->looks_cut_short += count_left(check, is_worth_comparing);
  make_runs(check, ask_next);
  campaign->looks_cut_short += count_left(check, is_worth_asking);
  for (unsigned i = 0; i < campaign->worker_count; i++) {
    nomem__findings_merge(&campaign->findings, &campaign->workers[i].findings);
    nomem__call_watch_free(&check->runs[i].with_fault);
    nomem__call_watch_free(&check->runs[i].without_fault);
  }
  free(check->runs);
}

void nomem__told_check_run(struct nomem__campaign *campaign) {
  const struct nomem__options *options = campaign->session->options;
  struct told_check check = {.campaign = campaign};
  if (!is_wanted(campaign)) return;
  collect(&check);
  size_t untried = nomem__campaign_count_due(campaign);
  size_t max =
      nomem__told_check_max(options->all || options->heap == NOMEM_HEAP_ALL, campaign->point_count - untried, untried);
  campaign->told.left_out = check.count > max ? check.count - max : 0;
  check.count -= campaign->told.left_out;
  if (nomem__campaign_is_over(campaign))
    campaign->looks_cut_short += check.count;
  else if (check.count > 0)
    look(&check);
  free(check.calls);
}
