/* SPDX-License-Identifier: MIT */
/* Whether an input comes out after a fault as it did before: the target returns the same, tells the same by
 * nomem_fuzz_result, and makes the same calls in the same order.
 *
 * All that is looked at are runs in which nothing fails. What a fault changes for one run is a cache that was dropped
 * and is filled again, unless the outcome is another. What it changes for good is a finding when the outcome is another
 * or the target does far less than before: then it refuses. Anything else is some other way to do the same.
 */
#define _GNU_SOURCE
#include <string.h>

#include "../../faults/inject/module_names.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

enum {
  RUNS_TO_SETTLE = 4,  /* within so many two in a row are alike, or the input says nothing */
  RUNS_OF_PROOF = 64,  /* alike, before anything: the target repeats itself */
  RUNS_OF_DOUBT = 256, /* alike, after a change: it stays */
  RUNS_AT_LEAST = 8,   /* of each, however slow the target is */
  TIMES_LATE = 8,      /* so often a late failure is provoked */
  /* So many inputs that do not repeat themselves are nothing; then of so many runs one, or the target is not expected
   * to. */
  UNLIKE_MAX = 3,
  RUNS_PER_UNLIKE = 1000
};

/* As many as are shown by their values. */
#define OUTCOMES_KEPT 16

/* What a run came to. */
struct outcome {
  int returned;
  uint32_t told; /* times */
  uint64_t hash; /* of all that was told */
  long value[OUTCOMES_KEPT];
};

struct observed {
  struct outcome outcome;
  struct nomem_trace trace;
};

static struct outcome current;

static struct observed before;
static bool is_settled; /* before holds */
static bool is_proven;
static uint64_t runs, unlike_outcomes, unlike_traces;

/* nomem.h declares it weak: here it is. */
__attribute__((visibility("default"))) void nomem__fuzz_outcome(long outcome) {
  if (current.told < OUTCOMES_KEPT) current.value[current.told] = outcome;
  current.told++;
  current.hash = nomem__hash(current.hash, (uint64_t)outcome);
}

void nomem__repeatability_open(void) {
  current.told = 0;
  current.hash = 0;
}

void nomem__repeatability_close(int returned) {
  current.returned = returned;
}

static bool is_judged(uint64_t unlike) {
  return unlike < UNLIKE_MAX || unlike * RUNS_PER_UNLIKE < runs;
}

static bool is_same_outcome(const struct outcome *a, const struct outcome *b) {
  return !is_judged(unlike_outcomes) || (a->returned == b->returned && a->told == b->told && a->hash == b->hash);
}

static bool is_same_trace(const struct nomem_trace *a, const struct nomem_trace *b) {
  return !is_judged(unlike_traces) || (a->calls == b->calls && a->hash == b->hash);
}

static bool is_alike(const struct observed *a, const struct observed *b) {
  return is_same_outcome(&a->outcome, &b->outcome) && is_same_trace(&a->trace, &b->trace);
}

static struct observed last_run(void) {
  return (struct observed){.outcome = current, .trace = nomem__decision_trace()};
}

static struct observed run_clean(void) {
  runs++;
  nomem__counters_clear();
  nomem__run_target(NOMEM_RUN_TRACE, NULL);
  return last_run();
}

/* Two runs of one input were not alike, and it was not a fault's doing. */
static void note_unlike(const struct observed *a, const struct observed *b) {
  static bool is_said;
  unlike_traces += !is_same_trace(&a->trace, &b->trace);
  unlike_outcomes += !is_same_outcome(&a->outcome, &b->outcome);
  if (is_judged(unlike_outcomes) || is_said) return;
  is_said = true;
  nomem__say("the same input does not always come out alike, without a fault, either: outcomes are not compared");
}

/* Runs until two in a row are alike; *last is one before, and becomes the last. */
static bool settles(struct observed *last) {
  struct observed earlier = *last;
  for (int i = 0; i < RUNS_TO_SETTLE; i++) {
    earlier = *last;
    *last = run_clean();
    if (is_alike(&earlier, last)) return true;
  }
  note_unlike(&earlier, last);
  return false;
}

/* Runs so many times more, or until the deadline; every run's edges are added. */
static bool repeats(const struct observed *usual, int times, uint64_t deadline_ms, enum nomem_edges edges) {
  for (int i = 0; i < times; i++) {
    if (i >= RUNS_AT_LEAST && nomem__milliseconds() > deadline_ms) break;
    struct observed again = run_clean();
    nomem__edges_add(edges);
    if (is_alike(usual, &again)) continue;
    note_unlike(usual, &again);
    return false;
  }
  return true;
}

void nomem__repeatability_before(uint64_t deadline_ms) {
  if (!nomem__options.compares) return;
  before = last_run();
  for (int i = 0; i < UNLIKE_MAX; i++) {
    is_settled = settles(&before);
    nomem__edges_keep(NOMEM_EDGES_BEFORE);
    if (is_proven) return;
    is_proven = is_settled && repeats(&before, RUNS_OF_PROOF, deadline_ms, NOMEM_EDGES_BEFORE);
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

/* The first thing in which they differ. */
static void add_outcomes(struct nomem_text *text, const struct outcome *from, const struct outcome *to) {
  uint32_t count = from->told < to->told ? from->told : to->told;
  for (uint32_t i = 0; i < count && i < OUTCOMES_KEPT; i++) {
    if (from->value[i] == to->value[i]) continue;
    nomem__text_add(text, "result ");
    nomem__text_number(text, i + 1);
    nomem__text_add(text, ": ");
    add_change(text, from->value[i], to->value[i]);
    return;
  }
  if (from->told == to->told && from->returned == to->returned) {
    nomem__text_add(text, "one of the later results is another");
    return;
  }
  nomem__text_add(text, from->told != to->told ? "results told: " : "returned: ");
  if (from->told != to->told)
    add_change(text, from->told, to->told);
  else
    add_change(text, from->returned, to->returned);
}

static void add_trace(struct nomem_text *text, const struct observed *after,
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

/* It refuses: half of what the input reached is left out, and hardly anything else is done instead. A target of which
 * next to nothing is instrumented is not judged so. */
static bool does_far_less(const struct observed *after, struct nomem_edges_difference *edges) {
  enum { EDGES_LEAST = 8, LOST_PER_GAINED = 2 };
  *edges = nomem__edges_compare();
  return after->trace.calls < before.trace.calls && edges->before >= EDGES_LEAST && edges->lost * 2 >= edges->before &&
         edges->lost >= edges->gained * LOST_PER_GAINED;
}

/* What stays and is no finding is the way things are from now on. Who gave the plan is told. */
static void put_up_with(const struct observed *after) {
  static struct nomem_text text;
  struct nomem_edges_difference edges = nomem__edges_compare();
  if (nomem__options.has_plan) {
    nomem__text_add(&text, "after the failed call the same input runs otherwise, which by itself is no finding: ");
    add_trace(&text, after, &edges);
    nomem__say(text.bytes);
    text.length = 0;
  }
  before = *after;
  nomem__edges_keep(NOMEM_EDGES_BEFORE);
}

/* Two runs in a row were alike, and not as before. */
static void look_what_stays(const struct observed *after) {
  static struct nomem_text text;
  struct nomem_edges_difference edges = {0};
  nomem__edges_keep(NOMEM_EDGES_AFTER);
  bool is_other = !is_same_outcome(&before.outcome, &after->outcome);
  uint64_t deadline_ms = nomem__milliseconds() + nomem__options.time_max_ms;
  if (!is_proven || !(is_other || does_far_less(after, &edges)) ||
      !repeats(after, RUNS_OF_DOUBT, deadline_ms, NOMEM_EDGES_AFTER) || !(is_other || does_far_less(after, &edges))) {
    put_up_with(after);
    return;
  }
  nomem__text_add(&text, "sticky: the failed call is over, and the same input comes out otherwise all the same: ");
  if (is_other)
    add_outcomes(&text, &before.outcome, &after->outcome);
  else
    add_trace(&text, after, &edges);
  nomem__report_finding(text.bytes);
}

/* The first run after the fault came out otherwise, and the next as before: each time? */
static void look_if_late(const struct nomem_plan *plan, const struct observed *first) {
  static struct nomem_text text;
  const struct nomem_failed *calls, *last;
  for (int i = 0; i < TIMES_LATE && is_proven; i++) {
    nomem__run_target(NOMEM_RUN_FAULT, plan);
    if (nomem__decision_failed(&calls, &last) == 0) return;
    struct observed again = run_clean();
    if (!is_same_outcome(&again.outcome, &first->outcome) || !settles(&again) || !is_alike(&again, &before)) return;
  }
  if (!is_proven) return;
  nomem__text_add(&text,
                  "false report: the failed call is over, and yet the next run of the same input, in which none "
                  "was failed, came out otherwise, once: ");
  add_outcomes(&text, &before.outcome, &first->outcome);
  nomem__report_finding(text.bytes);
}

static void look_closer(const struct nomem_plan *plan, const struct observed *first) {
  struct observed last = *first;
  is_settled = settles(&last);
  if (!is_settled) return;
  if (!is_alike(&last, &before))
    look_what_stays(&last);
  else if (!is_same_outcome(&first->outcome, &before.outcome))
    look_if_late(plan, first);
}

void nomem__repeatability_after(const struct nomem_plan *plan) {
  const struct nomem_failed *calls, *last;
  if (!nomem__options.compares || !is_settled || nomem__decision_failed(&calls, &last) == 0) return;
  nomem__current.after_plan = plan;
  nomem__current.after_failed = calls[0];
  struct observed first = run_clean();
  if (!is_alike(&first, &before)) look_closer(plan, &first);
  nomem__current.after_plan = NULL;
}
