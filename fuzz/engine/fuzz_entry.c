/* SPDX-License-Identifier: MIT */
/* Stands in front of LLVMFuzzerTestOneInput (the linker's --wrap puts it there): which runs an input gets. */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../faults/inject/module_names.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

extern int __real_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((visibility("default"))) int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

struct nomem_current nomem__current;
struct nomem_totals nomem__totals;

/* The runs of the last input that left memory behind. The fuzzer looks for leaks by running an input that made more
 * blocks than it freed a second time: these runs are then made again, or it would see none. */
#define SUSPECTS_MAX 16

static struct {
  size_t size;
  uint64_t hash;
  uint32_t count;
  struct nomem_plan plan[SUSPECTS_MAX];
} suspects;

/* A large library has thousands of sites, and all are new at the start: of the runs that are made, at most one in three
 * is for faults, be it with one or to compare after one, so that the fuzzer comes to see the library meanwhile. The
 * first inputs get theirs in advance. */
enum { INPUTS_PER_RUN = 2, FAULT_RUNS_IN_ADVANCE = 256, RUNS_WORTH_A_TURN = 4 };

static uint64_t runs_earned(void) {
  uint64_t runs_each = nomem__options.compares ? 2 : 1;
  uint64_t earned = FAULT_RUNS_IN_ADVANCE + nomem__totals.inputs / (INPUTS_PER_RUN * runs_each);
  return earned > nomem__totals.fault_runs ? earned - nomem__totals.fault_runs : 0;
}

/* The runs with a fault that one input gets. */
struct turn {
  uint32_t runs_left;
  uint64_t deadline_ms;  /* a slow input must not become a timeout of the fuzzer's */
  uint64_t clean_growth; /* bytes that a clean run leaves behind */
};

/* The only place that calls the target: its frame ends every stack. No branch on kind, lest the compiler make two calls
 * of the one, and two sites of each. */
__attribute__((noinline)) int nomem__run_target(enum nomem_run kind, const struct nomem_plan *plan) {
  nomem__current.run = kind;
  nomem__current.plan = plan;
  nomem__current.is_running = true;
  nomem__repeatability_open();
  nomem__decision_open(kind, plan, __builtin_dwarf_cfa());
  int result = __real_LLVMFuzzerTestOneInput(nomem__current.data, nomem__current.size);
  nomem__decision_close();
  nomem__current.is_running = false;
  nomem__repeatability_close(result);
  return result;
}

static uint64_t live_bytes(void) {
  return &__sanitizer_get_current_allocated_bytes != NULL ? __sanitizer_get_current_allocated_bytes() : 0;
}

static uint64_t growth_since(uint64_t before) {
  uint64_t now = live_bytes();
  return now > before ? now - before : 0;
}

uint64_t nomem__milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t hash_input(void) {
  uint64_t hash = nomem__hash(0, nomem__current.size);
  for (size_t i = 0; i < nomem__current.size; i++) hash = nomem__hash(hash, nomem__current.data[i]);
  return hash;
}

static void begin_turn(struct turn *turn) {
  uint64_t before = live_bytes();
  nomem__counters_begin();
  nomem__counters_clear();
  nomem__run_target(NOMEM_RUN_RECORD, NULL);
  uint64_t earned = runs_earned();
  *turn = (struct turn){.runs_left = earned < nomem__options.runs_max ? (uint32_t)earned : nomem__options.runs_max,
                        .deadline_ms = nomem__milliseconds() + nomem__options.time_max_ms,
                        .clean_growth = growth_since(before)};
}

static void run_with_fault(struct turn *turn, const struct nomem_plan *plan) {
  uint64_t before = live_bytes();
  nomem__counters_clear();
  nomem__run_target(NOMEM_RUN_FAULT, plan);
  nomem__counters_merge();
  nomem__totals.fault_runs++;
  if (growth_since(before) > turn->clean_growth && suspects.count < SUSPECTS_MAX)
    suspects.plan[suspects.count++] = *plan;
  turn->runs_left = nomem__milliseconds() > turn->deadline_ms ? 0 : turn->runs_left - 1;
}

static void end_turn(void) {
  nomem__counters_end();
  if (suspects.count == 0) return;
  suspects.size = nomem__current.size;
  suspects.hash = hash_input();
}

static void make_plan(struct nomem_plan *plan, uint32_t site, bool is_persistent, uint32_t occurrence) {
  struct nomem_rule *rule = &plan->rule[0];
  *rule = (struct nomem_rule){.has = is_persistent ? NOMEM_HAS_FROM : NOMEM_HAS_SITE};
  plan->has = rule->has;
  plan->rule_count = 1;
  struct nomem_site_match *match = is_persistent ? &rule->from : &rule->site;
  match->key = nomem__decision_key(site);
  match->digits = 16;
  match->occurrence.first = match->occurrence.last = occurrence;
}

/* The occurrence to fail for a step, or 0: the one it would be has been failed by another step. */
static uint32_t occurrence_of(enum nomem_step step, uint32_t calls) {
  if (step == NOMEM_STEP_LAST) return calls >= 2 ? calls : 0;
  if (step == NOMEM_STEP_SECOND) return calls >= 3 ? 2 : 0;
  return 1;
}

/* The next step of each site that has steps left, sites with the fewest behind them first. What finds no time now is
 * news again in the next input that gets there. */
static void try_steps(void) {
  const struct nomem_recorded *sites;
  static struct nomem_plan plan;
  struct turn turn;
  begin_turn(&turn);
  nomem__repeatability_before(turn.deadline_ms);
  uint32_t count = nomem__decision_recorded(&sites);
  for (enum nomem_step step = 0; step < NOMEM_STEPS; step++) {
    for (uint32_t i = 0; i < count && turn.runs_left > 0; i++) {
      struct nomem_tried *tried = nomem__decision_tried(sites[i].site);
      if (tried->steps != step) continue;
      tried->steps++;
      uint32_t occurrence = occurrence_of(step, sites[i].calls);
      if (occurrence == 0) continue;
      make_plan(&plan, sites[i].site, step == NOMEM_STEP_PERSISTENT, occurrence);
      run_with_fault(&turn, &plan);
      nomem__repeatability_after(&plan);
    }
  }
  end_turn();
}

/* A sample is two runs more; to compare takes two more again. */
enum { SAMPLES_PER_COMPARED = 4 };

/* The same site may fail differently in another input: now and then any call of any site fails, alone or with all that
 * follow. The choice depends on the number of inputs only. */
static void try_any(void) {
  const struct nomem_recorded *sites;
  static struct nomem_plan plan;
  struct turn turn;
  begin_turn(&turn);
  uint32_t count = nomem__decision_recorded(&sites);
  uint64_t draw = nomem__hash(nomem__hash(0, nomem__totals.inputs), 1);
  bool compares = nomem__totals.inputs / nomem__options.sample % SAMPLES_PER_COMPARED == 0;
  if (compares) nomem__repeatability_before(turn.deadline_ms);
  if (count > 0) {
    const struct nomem_recorded *chosen = &sites[(draw >> 8) % count];
    make_plan(&plan, chosen->site, draw >> 63, 1 + (uint32_t)((draw >> 32) % chosen->calls));
    run_with_fault(&turn, &plan);
    if (compares) nomem__repeatability_after(&plan);
  }
  end_turn();
}

static void note_leak(const struct nomem_plan *plan) {
  const struct nomem_failed *calls, *last;
  nomem__current.leak_plan = plan;
  if (nomem__decision_failed(&calls, &last) > 0) nomem__current.leak_failed = calls[0];
  nomem__sha1_hex(nomem__current.data, nomem__current.size, nomem__current.leak_digest);
}

/* The first plan that leaves memory behind once more is the one to name if the fuzzer finds a leak. */
static void try_suspects(void) {
  static struct nomem_plan leaking;
  struct turn turn;
  uint32_t count = suspects.count;
  begin_turn(&turn);
  for (uint32_t i = 0; i < count; i++) {
    uint64_t before = live_bytes();
    nomem__run_target(NOMEM_RUN_FAULT, &suspects.plan[i]);
    if (growth_since(before) <= turn.clean_growth || nomem__current.leak_plan != NULL) continue;
    leaking = suspects.plan[i];
    note_leak(&leaking);
  }
  nomem__counters_end();
  suspects.count = 0;
}

static int run_by_given_plan(void) {
  const struct nomem_plan *plan = &nomem__options.plan;
  nomem__counters_begin();
  if (nomem__options.compares) {
    nomem__run_target(NOMEM_RUN_TRACE, NULL);
    nomem__repeatability_before(nomem__milliseconds() + nomem__options.time_max_ms);
  }
  uint64_t before = live_bytes();
  nomem__counters_clear();
  int result = nomem__run_target(NOMEM_RUN_FAULT, plan);
  nomem__counters_merge();
  if (growth_since(before) > 0) note_leak(plan);
  nomem__repeatability_after(plan);
  nomem__counters_end();
  return result;
}

static int run_campaign(void) {
  nomem__totals.inputs++;
  bool is_again = suspects.count > 0 && suspects.size == nomem__current.size && suspects.hash == hash_input();
  if (!is_again) suspects.count = 0;
  int result = nomem__run_target(NOMEM_RUN_WATCH, NULL);
  if (is_again)
    try_suspects();
  else if (nomem__decision_has_news() && runs_earned() >= RUNS_WORTH_A_TURN)
    try_steps();
  else if (nomem__options.sample != 0 && nomem__totals.inputs % nomem__options.sample == 0)
    try_any();
  return result;
}

static bool start(void) {
  if (nomem__decision_init() != 0) {
    struct nomem_text text = {0};
    nomem__text_add(&text, "nomem: no memory for the tables: running the target without faults\n");
    nomem__text_flush(&text, STDERR_FILENO);
    nomem__options.off = true;
    return false;
  }
  nomem__report_arm();
  return true;
}

int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static bool is_started;
  if (!is_started && !nomem__options.off) is_started = start();
  if (nomem__options.off) return __real_LLVMFuzzerTestOneInput(data, size);
  nomem__current.data = data;
  nomem__current.size = size;
  nomem__current.leak_plan = NULL;
  return nomem__options.has_plan ? run_by_given_plan() : run_campaign();
}
