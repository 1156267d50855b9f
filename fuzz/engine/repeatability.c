/* SPDX-License-Identifier: MIT */
/* Whether an input does after a fault what it did before: the target returns the same, reports the same results by
 * nomem_fuzz_result, and makes the same calls in the same order.
 *
 * All runs that are compared are clean ones, but for one question: whether the run with the fault has claimed success
 * and reported something else all the same. A difference that lasts for one run is a cache that was dropped and is
 * filled again, unless the outcome differs. A difference that stays is a finding when the outcome differs, or when the
 * target does far less than before: then it gives up. Anything else is another way to do the same.
 */
#define _GNU_SOURCE
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

enum {
  RUNS_TO_SETTLE = 4,  /* two in a row of so many are alike, or nothing is known of the input */
  RUNS_OF_PROOF = 64,  /* alike before anything is compared: the target repeats itself */
  RUNS_OF_DOUBT = 256, /* alike after a change: it stays */
  RUNS_AT_LEAST = 8,   /* of each, however slow the target is */
  TIMES_LATE = 8,      /* so often a late failure is provoked */
  /* So many inputs that do not repeat themselves may be chance; with more, up to one in so many runs. Beyond that the
   * target is not expected to repeat itself. */
  DIFFERENCES_MAX = 3,
  RUNS_PER_DIFFERENCE = 1000
};

/* What is compared of a run. */
struct observation {
  struct nomem_outcome outcome;
  struct nomem_trace trace;
};

static struct observation before;
static bool is_settled; /* `before` is valid */
static bool is_proven;  /* the target repeats itself */
static uint64_t runs, outcome_differences, trace_differences;

static bool is_compared(uint64_t differences) {
  return differences < DIFFERENCES_MAX || differences * RUNS_PER_DIFFERENCE < runs;
}

static bool is_same_outcome(const struct nomem_outcome *a, const struct nomem_outcome *b) {
  return !is_compared(outcome_differences) || nomem__outcome_equals(a, b);
}

static bool is_same_trace(const struct nomem_trace *a, const struct nomem_trace *b) {
  return !is_compared(trace_differences) || (a->calls == b->calls && a->hash == b->hash);
}

static bool is_alike(const struct observation *a, const struct observation *b) {
  return is_same_outcome(&a->outcome, &b->outcome) && is_same_trace(&a->trace, &b->trace);
}

static struct observation observe_last_run(void) {
  return (struct observation){.outcome = nomem__outcome_last(), .trace = nomem__decision_trace()};
}

static struct observation run_clean(void) {
  runs++;
  nomem__counters_clear();
  nomem__run_target(NOMEM_RUN_TRACE, NULL);
  return observe_last_run();
}

/* Two runs of one input were not alike, and no fault was the reason. */
static void count_difference(const struct observation *a, const struct observation *b) {
  static bool is_printed;
  trace_differences += !is_same_trace(&a->trace, &b->trace);
  outcome_differences += !is_same_outcome(&a->outcome, &b->outcome);
  if (is_compared(outcome_differences) || is_printed) return;
  is_printed = true;
  nomem__print_line("one input does not always have the same outcome, even without a fault: outcomes are not compared");
}

/* Runs until two in a row are alike, the first of them may be *last; the second becomes *last. */
static bool run_until_alike(struct observation *last) {
  struct observation earlier = *last;
  for (int i = 0; i < RUNS_TO_SETTLE; i++) {
    earlier = *last;
    *last = run_clean();
    if (is_alike(&earlier, last)) return true;
  }
  count_difference(&earlier, last);
  return false;
}

/* Runs so many times more, or until the deadline, and adds every run's edges. Whether all were alike. */
static bool stays_alike(const struct observation *usual, int times, uint64_t deadline_ms, enum nomem_edges edges) {
  for (int i = 0; i < times; i++) {
    if (i >= RUNS_AT_LEAST && nomem__milliseconds() > deadline_ms) break;
    struct observation again = run_clean();
    nomem__edges_add(edges);
    if (is_alike(usual, &again)) continue;
    count_difference(usual, &again);
    return false;
  }
  return true;
}

void nomem__repeatability_before(uint64_t deadline_ms) {
  if (!nomem__options.compares) return;
  before = observe_last_run();
  for (int i = 0; i < DIFFERENCES_MAX; i++) {
    is_settled = run_until_alike(&before);
    nomem__edges_keep(NOMEM_EDGES_BEFORE);
    if (is_proven) return;
    is_proven = is_settled && stays_alike(&before, RUNS_OF_PROOF, deadline_ms, NOMEM_EDGES_BEFORE);
  }
}

static void add_value(struct nomem_text *text, int64_t value) {
  if (value < 0) nomem__text_add(text, "-");
  nomem__text_number(text, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static void add_change(struct nomem_text *text, int64_t from, int64_t to) {
  add_value(text, from);
  nomem__text_add(text, " before, ");
  add_value(text, to);
  nomem__text_add(text, " after");
}

/* The first thing in which the two differ. */
static void add_outcomes(struct nomem_text *text, const struct nomem_outcome *from, const struct nomem_outcome *to) {
  uint32_t count = from->count < to->count ? from->count : to->count;
  for (uint32_t i = 0; i < count && i < NOMEM_OUTCOMES_KEPT; i++) {
    if (from->value[i] == to->value[i]) continue;
    nomem__text_add(text, "result ");
    nomem__text_number(text, i + 1);
    nomem__text_add(text, ": ");
    add_change(text, from->value[i], to->value[i]);
    return;
  }
  if (from->count == to->count && from->returned == to->returned) {
    nomem__text_add(text, "one of the later results differs");
    return;
  }
  nomem__text_add(text, from->count != to->count ? "results: " : "returned: ");
  if (from->count != to->count)
    add_change(text, from->count, to->count);
  else
    add_change(text, from->returned, to->returned);
}

static void add_trace(struct nomem_text *text, const struct observation *after,
                      const struct nomem_edges_difference *edges) {
  nomem__text_add(text, "allocations: ");
  add_change(text, (int64_t)before.trace.calls, (int64_t)after->trace.calls);
  nomem__text_add(text, "; edges: ");
  nomem__text_number(text, edges->before);
  nomem__text_add(text, " before, ");
  nomem__text_number(text, edges->lost);
  nomem__text_add(text, " of them not after, ");
  nomem__text_number(text, edges->gained);
  nomem__text_add(text, " instead");
}

/* The target gives up: half of what the input reached is left out, and hardly anything else is done instead. A target
 * of which next to nothing is instrumented is not judged by this. */
static bool does_far_less(const struct observation *after, struct nomem_edges_difference *edges) {
  enum { LOST_PER_GAINED = 2 };
  *edges = nomem__edges_compare();
  return after->trace.calls < before.trace.calls && edges->before >= NOMEM_EDGES_TELLING &&
         edges->lost * 2 >= edges->before && edges->lost >= edges->gained * LOST_PER_GAINED;
}

/* A change that stays and is no finding: later runs are compared with what the target does now. Whoever gave the plan
 * gets to know of it. */
static void accept_change(const struct observation *after) {
  static struct nomem_text text;
  struct nomem_edges_difference edges = nomem__edges_compare();
  if (nomem__options.has_plan) {
    nomem__text_add(&text, "after the failed call the same input runs differently, which by itself is no finding: ");
    add_trace(&text, after, &edges);
    nomem__print_line(text.bytes);
    text.length = 0;
  }
  before = *after;
  nomem__edges_keep(NOMEM_EDGES_BEFORE);
}

/* Two runs in a row were alike, and not as before. */
static void judge_lasting_change(const struct observation *after) {
  static struct nomem_text text;
  struct nomem_edges_difference edges = {0};
  nomem__edges_keep(NOMEM_EDGES_AFTER);
  bool has_other_outcome = !is_same_outcome(&before.outcome, &after->outcome);
  uint64_t deadline_ms = nomem__milliseconds() + nomem__options.time_max_ms;
  if (!is_proven || !(has_other_outcome || does_far_less(after, &edges)) ||
      !stays_alike(after, RUNS_OF_DOUBT, deadline_ms, NOMEM_EDGES_AFTER) ||
      !(has_other_outcome || does_far_less(after, &edges))) {
    accept_change(after);
    return;
  }
  nomem__text_add(&text, "sticky: the failed call is over, and still the same input runs differently: ");
  if (has_other_outcome)
    add_outcomes(&text, &before.outcome, &after->outcome);
  else
    add_trace(&text, after, &edges);
  nomem__report_finding(text.bytes);
}

/* The first run after the fault had another outcome, and the next the usual one: a failure that is reported late is a
 * finding if that happens each time. */
static void judge_late_failure(const struct nomem_plan *plan, const struct observation *first) {
  static struct nomem_text text;
  const struct nomem_failed_call *calls, *last;
  for (int i = 0; i < TIMES_LATE && is_proven; i++) {
    nomem__run_target(NOMEM_RUN_FAULT, plan);
    if (nomem__decision_failed(&calls, &last) == 0) return;
    struct observation again = run_clean();
    if (!is_same_outcome(&again.outcome, &first->outcome) || !run_until_alike(&again) || !is_alike(&again, &before))
      return;
  }
  if (!is_proven) return;
  nomem__text_add(&text,
                  "false report: the failed call is over, and yet the next run of the same input, in which none "
                  "was failed, had another outcome, once: ");
  add_outcomes(&text, &before.outcome, &first->outcome);
  nomem__report_finding(text.bytes);
}

/* Whether a result that differs may be a way to say no: an error code (less than 0, or anything where 0 is usual), or
 * nothing where there was something. The first result is taken for the operation's own. */
static bool may_say_no(uint32_t i, long usual, long failed) {
  return i == 0 || usual == 0 || (failed <= 0 && failed < usual);
}

/* The first result in which the run with the fault differs without saying no, counted from 1; 0: there is none. */
static uint32_t first_silent_result(const struct nomem_outcome *failed) {
  const struct nomem_outcome *usual = &before.outcome;
  uint32_t first = 0;
  if (failed->returned != usual->returned || failed->count != usual->count) return 0;
  for (uint32_t i = 0; i < usual->count && i < NOMEM_OUTCOMES_KEPT; i++) {
    if (failed->value[i] == usual->value[i]) continue;
    if (may_say_no(i, usual->value[i], failed->value[i])) return 0;
    if (first == 0) first = i + 1;
  }
  return first;
}

/* It is a finding when it is the same each time, and the usual result in between. */
static void judge_silence(const struct nomem_plan *plan, const struct nomem_outcome *failed) {
  static struct nomem_text text;
  uint32_t number = first_silent_result(failed);
  if (number == 0 || !is_proven || !is_compared(outcome_differences)) return;
  for (int i = 0; i < TIMES_LATE; i++) {
    struct observation clean = run_clean();
    if (!nomem__outcome_equals(&clean.outcome, &before.outcome)) return;
    nomem__run_target(NOMEM_RUN_FAULT, plan);
    struct nomem_outcome again = nomem__outcome_last();
    if (!nomem__outcome_equals(&again, failed)) return;
  }
  nomem__text_add(&text, "silent: a call failed, nothing that the target reported says so, and yet result ");
  nomem__text_number(&text, number);
  nomem__text_add(&text, " is ");
  add_value(&text, failed->value[number - 1]);
  nomem__text_add(&text, " instead of ");
  add_value(&text, before.outcome.value[number - 1]);
  nomem__report_finding(text.bytes);
}

static void judge_difference(const struct nomem_plan *plan, const struct observation *first) {
  struct observation last = *first;
  is_settled = run_until_alike(&last);
  if (!is_settled) return;
  if (!is_alike(&last, &before))
    judge_lasting_change(&last);
  else if (!is_same_outcome(&first->outcome, &before.outcome))
    judge_late_failure(plan, first);
}

void nomem__repeatability_after(const struct nomem_plan *plan) {
  const struct nomem_failed_call *calls, *last;
  if (!nomem__options.compares || !is_settled || nomem__decision_failed(&calls, &last) == 0) return;
  nomem__current.after_plan = plan;
  nomem__current.after_failed = calls[0];
  struct nomem_outcome failed = nomem__outcome_last();
  judge_silence(plan, &failed);
  struct observation first = run_clean();
  if (!is_alike(&first, &before)) judge_difference(plan, &first);
  nomem__current.after_plan = NULL;
}
