/* SPDX-License-Identifier: MIT */
/* Stands in front of LLVMFuzzerTestOneInput, where the linker's --wrap or entry_patch.c puts it, and decides which runs
 * an input gets. */
#define _GNU_SOURCE
#include "../../faults/inject/module_names.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

__attribute__((visibility("default"))) int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

/* The runs of the last input that left memory behind. The fuzzer looks for leaks by running an input that made more
 * blocks than it freed a second time: these runs are then made again, or it would see none. */
#define LEAK_SUSPECTS_MAX 16

static struct {
  size_t size;
  uint64_t hash;
  uint32_t count;
  struct nomem_plan plan[LEAK_SUSPECTS_MAX];
} leak_suspects;

/* A large library has thousands of sites, and all are new at the start. So of the runs that are made, at most one in
 * three is for faults, be it with one or to compare after one: the fuzzer is to discover the library meanwhile. The
 * first inputs get their fault runs in advance. */
enum { INPUTS_PER_RUN = 2, FAULT_RUNS_IN_ADVANCE = 256, RUNS_WORTH_A_ROUND = 4 };

static uint64_t runs_in_advance; /* what earlier processes of the campaign have left of these */

static uint64_t runs_earned(void) {
  uint64_t runs_each = nomem__options.compares ? 2 : 1;
  uint64_t earned = runs_in_advance + nomem__totals.inputs / (INPUTS_PER_RUN * runs_each);
  return earned > nomem__totals.fault_runs ? earned - nomem__totals.fault_runs : 0;
}

/* So many times as long as those of one input in a campaign may the runs with a fault of a replayed one take. */
enum { REPLAYS_LONGER = 20 };

/* The runs with a fault that one input gets. */
struct fault_round {
  uint32_t runs_left;
  uint64_t begin_us;
  uint64_t deadline_ms;  /* a slow input must not become a timeout of the fuzzer's */
  uint64_t clean_growth; /* bytes that a clean run leaves behind */
  bool has_been_scouted; /* the helper has this input */
};

uint64_t nomem__live_bytes(void) {
  return &__sanitizer_get_current_allocated_bytes != NULL ? __sanitizer_get_current_allocated_bytes() : 0;
}

static uint64_t growth_since(uint64_t before) {
  uint64_t now = nomem__live_bytes();
  return now > before ? now - before : 0;
}

static uint64_t hash_input(void) {
  uint64_t hash = nomem__hash(0, nomem__current.size);
  for (size_t i = 0; i < nomem__current.size; i++) hash = nomem__hash(hash, nomem__current.data[i]);
  return hash;
}

/* Where the campaign goes on, findings are many, and each takes as long to report as thousands of runs: of the time of
 * all its processes, at most one part in so many is for what belongs to faults, but for the first moments and the first
 * findings. */
enum { TIMES_LONGER_IN_ALL = 8, ADVANCE_US = 500 * 1000, FINDINGS_AT_ONCE = 4 };

static bool can_afford_faults(void) {
  static uint64_t last_us, rounds_us;
  uint64_t spent_us;
  if (!nomem__options.goes_on) return true;
  uint64_t now = nomem__microseconds();
  if (last_us == 0) last_us = now;
  uint64_t all_us = nomem__campaign_add_time(now - last_us, nomem__totals.rounds_us - rounds_us, &spent_us);
  last_us = now;
  rounds_us = nomem__totals.rounds_us;
  return spent_us * TIMES_LONGER_IN_ALL <= all_us + ADVANCE_US * TIMES_LONGER_IN_ALL;
}

static void begin_round(struct fault_round *round) {
  nomem__totals.rounds++;
  round->begin_us = nomem__microseconds();
  uint64_t before = nomem__live_bytes();
  nomem__counters_begin();
  nomem__counters_clear();
  nomem__run_target(NOMEM_RUN_RECORD, NULL);
  uint64_t earned = runs_earned();
  *round =
      (struct fault_round){.begin_us = round->begin_us,
                           .runs_left = earned < nomem__options.runs_max ? (uint32_t)earned : nomem__options.runs_max,
                           .deadline_ms = nomem__milliseconds() + nomem__options.time_max_ms,
                           .clean_growth = growth_since(before)};
}

static void run_with_fault(struct fault_round *round, const struct nomem_plan *plan) {
  uint64_t before = nomem__live_bytes();
  nomem__counters_clear();
  nomem__run_target(NOMEM_RUN_FAULT, plan);
  if (nomem__counters_merge(false)) nomem__credit_input(plan);
  if (growth_since(before) > round->clean_growth && leak_suspects.count < LEAK_SUSPECTS_MAX)
    leak_suspects.plan[leak_suspects.count++] = *plan;
}

static void count_fault_run(struct fault_round *round) {
  nomem__totals.fault_runs++;
  nomem__campaign_count_fault_run();
  round->runs_left = nomem__milliseconds() > round->deadline_ms ? 0 : round->runs_left - 1;
}

static void note_time(struct fault_round *round) {
  uint64_t now = nomem__microseconds();
  nomem__totals.rounds_us += now - round->begin_us;
  round->begin_us = now;
}

static void end_round(struct fault_round *round) {
  nomem__counters_end();
  note_time(round);
  if (leak_suspects.count == 0) return;
  leak_suspects.size = nomem__current.size;
  leak_suspects.hash = hash_input();
}

static void make_plan(struct nomem_plan *plan, const struct nomem_try *wanted) {
  struct nomem_rule *rule = &plan->rule[0];
  *rule = (struct nomem_rule){.has = wanted->is_persistent ? NOMEM_HAS_FROM : NOMEM_HAS_SITE};
  plan->has = rule->has;
  plan->rule_count = 1;
  struct nomem_site_match *match = wanted->is_persistent ? &rule->from : &rule->site;
  match->key = wanted->site;
  match->digits = 16;
  match->occurrence.first = match->occurrence.last = wanted->occurrence;
}

/* What make_plan was given. */
static struct nomem_try tried_by(const struct nomem_plan *plan) {
  bool is_persistent = plan->has == NOMEM_HAS_FROM;
  const struct nomem_site_match *match = is_persistent ? &plan->rule[0].from : &plan->rule[0].site;
  return (struct nomem_try){match->key, (uint32_t)match->occurrence.first, is_persistent};
}

void nomem__credit_input(const struct nomem_plan *plan) {
  struct nomem_try tried = tried_by(plan);
  nomem__campaign_add_credit(hash_input(), &tried);
}

/* The occurrence to fail for a step, or 0 when another step has failed that one already. */
static uint32_t occurrence_of(enum nomem_step step, uint32_t calls) {
  if (step == NOMEM_STEP_LAST) return calls >= 2 ? calls : 0;
  if (step == NOMEM_STEP_SECOND) return calls >= 3 ? 2 : 0;
  return 1;
}

/* Plans that are tried by the helper before they are run here. */
static struct {
  uint32_t count;
  struct nomem_plan plan[NOMEM_SCOUTED_MAX];
  struct nomem_scouted found[NOMEM_SCOUTED_MAX];
  uint32_t site[NOMEM_SCOUTED_MAX];
  uint32_t steps_done[NOMEM_SCOUTED_MAX]; /* of the site, once that was run; 0: it makes no difference to that */
} batch;

static void add_to_batch(uint32_t site, bool is_persistent, uint32_t occurrence, uint32_t steps_done) {
  struct nomem_try wanted = {nomem__decision_key(site), occurrence, is_persistent};
  make_plan(&batch.plan[batch.count], &wanted);
  batch.site[batch.count] = site;
  batch.steps_done[batch.count++] = steps_done;
}

/* Where a call and all that follow fail, it may be one of those that follow. */
static void leave_to_harness(const struct nomem_plan *plan, const struct nomem_failed_call *failed) {
  uint32_t site = nomem__decision_site(failed);
  if (plan->has != NOMEM_HAS_SITE || site == UINT32_MAX) return;
  nomem__report_harness(failed);
  nomem__decision_leave_alone(site);
}

/* The finding is reported in a child that makes this run alone; what shows only after the helper's earlier runs is not.
 */
static void report_and_go_on(uint32_t number, bool is_leak) {
  if (!nomem__report_in_child(&batch.plan[number], is_leak)) return;
  nomem__campaign_count_finding();
  nomem__totals.findings++;
  nomem__decision_leave_alone(batch.site[number]);
  nomem__known_sites_note(nomem__decision_key(batch.site[number]));
}

/* What crashes in the helper is run here all the same, unless the campaign is to go on: the fuzzer must see it. */
static void run_one(struct fault_round *round, uint32_t number, bool compares) {
  const struct nomem_scouted *found = &batch.found[number];
  if (found->verdict == NOMEM_VERDICT_HARNESS) {
    leave_to_harness(&batch.plan[number], &found->failed);
  } else if (nomem__options.goes_on && found->verdict == NOMEM_VERDICT_CRASH) {
    report_and_go_on(number, false);
  } else if (nomem__options.goes_on && found->verdict == NOMEM_VERDICT_SURVIVED) {
    nomem__totals.has_failed |= found->has_failed;
    count_fault_run(round);
    if (found->may_leak) report_and_go_on(number, true);
  } else {
    run_with_fault(round, &batch.plan[number]);
    count_fault_run(round);
    if (compares) nomem__repeatability_after(&batch.plan[number]);
  }
}

/* What there is no time to report now is tried once more later, perhaps with another input. */
static bool is_put_off(const struct nomem_scouted *found) {
  return nomem__options.goes_on && (found->verdict == NOMEM_VERDICT_CRASH || found->may_leak) &&
         nomem__campaign_findings() >= FINDINGS_AT_ONCE && !can_afford_faults();
}

static void run_batch(struct fault_round *round, bool scouts, bool compares) {
  if (scouts)
    nomem__scout(batch.plan, batch.count, !round->has_been_scouted, compares, batch.found);
  else
    for (uint32_t i = 0; i < batch.count; i++) batch.found[i] = (struct nomem_scouted){0};
  round->has_been_scouted |= scouts && batch.count > 0;
  for (uint32_t i = 0; i < batch.count; i++) {
    struct nomem_site_progress *progress = nomem__decision_progress(batch.site[i]);
    note_time(round);
    if (is_put_off(&batch.found[i])) {
      if (batch.steps_done[i] > 0 && progress->steps == batch.steps_done[i]) progress->steps--;
      round->runs_left = 0;
      continue;
    }
    run_one(round, i, compares);
    if (batch.steps_done[i] > 0) nomem__campaign_note_step(nomem__decision_key(batch.site[i]), batch.steps_done[i]);
  }
  batch.count = 0;
}

/* Before the runs with a fault. Where the helper makes them all, it also compares. */
static void begin_comparing(const struct fault_round *round) {
  if (!nomem__options.goes_on) nomem__repeatability_before(round->deadline_ms);
}

/* Tries a step of each site of which so many steps are done, or of all. */
static void try_step(struct fault_round *round, enum nomem_step step, bool of_all) {
  const struct nomem_recorded_site *sites;
  uint32_t count = nomem__decision_recorded(&sites);
  for (uint32_t i = 0; i < count && round->runs_left > batch.count; i++) {
    struct nomem_site_progress *progress = nomem__decision_progress(sites[i].site);
    if (progress->candidate == 2 || (progress->steps != step && !of_all)) continue;
    if (progress->steps == step) progress->steps++;
    uint32_t occurrence = occurrence_of(step, sites[i].calls);
    if (occurrence == 0) continue;
    add_to_batch(sites[i].site, step == NOMEM_STEP_PERSISTENT, occurrence, of_all ? 0 : step + 1);
    if (batch.count == NOMEM_SCOUTED_MAX) run_batch(round, true, true);
  }
  /* A site that the harness does not check must not be among those that follow. */
  run_batch(round, true, true);
}

/* Tries the next step of each site that has steps left; sites of which the fewest steps are done come first. What there
 * is no time for now is tried with the next input that reaches the site. */
static void try_untried_steps(void) {
  struct fault_round round;
  begin_round(&round);
  begin_comparing(&round);
  for (enum nomem_step step = 0; step < NOMEM_STEPS; step++) try_step(&round, step, false);
  end_round(&round);
}

/* A sample takes two more runs, and comparing takes another two. */
enum { SAMPLES_PER_COMPARED = 4 };

/* Any call of any site, alone or with all that follow. The choice depends on the input only, so that it alone shows the
 * same again. A child costs as much as hundreds of runs of a small target: there is one only where some call is known
 * to crash. */
static void try_any_call(struct fault_round *round, bool compares) {
  const struct nomem_recorded_site *sites;
  uint32_t count = nomem__decision_recorded(&sites);
  if (count == 0) return;
  uint64_t draw = nomem__hash(hash_input(), 1);
  const struct nomem_recorded_site *chosen = &sites[(draw >> 8) % count];
  if (nomem__decision_progress(chosen->site)->candidate == 2) return;
  add_to_batch(chosen->site, draw >> 63, 1 + (uint32_t)((draw >> 32) % chosen->calls), 0);
  run_batch(round, nomem__options.goes_on || nomem__scout_has_met_crash(), compares);
}

/* The failure of one site may have another effect in another input. */
static void try_sample(void) {
  struct fault_round round;
  begin_round(&round);
  bool compares = nomem__totals.inputs / nomem__options.sample % SAMPLES_PER_COMPARED == 0;
  if (compares) begin_comparing(&round);
  try_any_call(&round, compares);
  end_round(&round);
}

/* An input that is run by itself is one that something was found with: whatever a campaign may have tried. */
static void try_everything(void) {
  struct fault_round round;
  begin_round(&round);
  round.runs_left = UINT32_MAX;
  round.deadline_ms += REPLAYS_LONGER * nomem__options.time_max_ms;
  begin_comparing(&round);
  for (enum nomem_step step = 0; step < NOMEM_STEPS; step++) try_step(&round, step, true);
  if (round.runs_left > 0) try_any_call(&round, true);
  end_round(&round);
}

void nomem__note_leak(const struct nomem_plan *plan) {
  const struct nomem_failed_call *calls, *last;
  nomem__current.leak_plan = plan;
  if (nomem__decision_failed(&calls, &last) > 0) nomem__current.leak_failed = calls[0];
  nomem__sha1_hex(nomem__current.data, nomem__current.size, nomem__current.leak_digest);
}

/* The first plan that leaves memory behind once more is the one to report if the fuzzer finds a leak. */
static void retry_leak_suspects(void) {
  static struct nomem_plan leaking;
  struct fault_round round;
  uint32_t count = leak_suspects.count;
  begin_round(&round);
  for (uint32_t i = 0; i < count; i++) {
    uint64_t before = nomem__live_bytes();
    nomem__run_target(NOMEM_RUN_FAULT, &leak_suspects.plan[i]);
    if (growth_since(before) <= round.clean_growth || nomem__current.leak_plan != NULL) continue;
    leaking = leak_suspects.plan[i];
    nomem__note_leak(&leaking);
  }
  nomem__counters_end();
  leak_suspects.count = 0;
}

static int run_by_given_plan(void) {
  const struct nomem_plan *plan = &nomem__options.plan;
  nomem__counters_begin();
  if (nomem__options.compares) {
    nomem__run_target(NOMEM_RUN_TRACE, NULL);
    nomem__repeatability_before(nomem__milliseconds() + nomem__options.time_max_ms);
  }
  uint64_t before = nomem__live_bytes();
  nomem__counters_clear();
  int result = nomem__run_target(NOMEM_RUN_FAULT, plan);
  nomem__counters_merge(true);
  if (growth_since(before) > 0) nomem__note_leak(plan);
  nomem__repeatability_after(plan);
  nomem__counters_end();
  return result;
}

/* Whether the input is another than the last one that was replayed. */
static bool is_new_replay(void) {
  static uint64_t last;
  uint64_t hash = hash_input();
  bool is_new = nomem__options.tries_everything && hash != last;
  if (is_new) last = hash;
  return is_new;
}

/* The plan that was written beside an input is of no use to another build of the target. */
static int run_by_found_plan(void) {
  static struct nomem_plan found;
  if (nomem_plan_parse(nomem__options.found_plan, &found, NULL) != 0) return 0;
  nomem__options.found_plan = NULL;
  nomem__options.plan = found;
  nomem__options.compares = true;
  return run_by_given_plan();
}

/* Where after so many inputs, or in one that is replayed, no site is left that may fail, what was taken for another
 * part of the program than the harness is only a part of the driver: the code under test is in the harness's file. */
static void doubt_harness(void) {
  enum { INPUTS_BELIEVED = 1024 };
  if (nomem__totals.inputs != INPUTS_BELIEVED && !nomem__options.tries_everything) return;
  struct nomem_reach reach = nomem__decision_reach();
  if (reach.sites == 0 || reach.may_fail > 0 || !nomem__source_units_forget()) return;
  nomem__frame_kinds_forget();
  nomem__decision_forget();
}

/* libFuzzer begins with the empty input. What its fault spoils for good would be lost: there is nothing to compare yet.
 * So the first fault waits for an input that does something, but not long: there may be none. */
static bool is_too_early(void) {
  enum { INPUTS_WAITED = 64 };
  static bool has_begun;
  has_begun = has_begun || nomem__totals.inputs > INPUTS_WAITED || nomem__edges_are_telling();
  return !has_begun;
}

static int run_campaign(void) {
  if (nomem__options.found_plan != NULL) run_by_found_plan();
  bool is_again =
      leak_suspects.count > 0 && leak_suspects.size == nomem__current.size && leak_suspects.hash == hash_input();
  if (!is_again) leak_suspects.count = 0;
  int result = nomem__run_target(NOMEM_RUN_WATCH, NULL);
  doubt_harness();
  if (is_again)
    retry_leak_suspects();
  else if (is_new_replay())
    try_everything();
  else if (nomem__decision_has_untried() && runs_earned() >= RUNS_WORTH_A_ROUND && !is_too_early() &&
           can_afford_faults())
    try_untried_steps();
  else if (nomem__options.sample != 0 && nomem__totals.inputs % nomem__options.sample == 0 && can_afford_faults())
    try_sample();
  return result;
}

/* The process that merges what a job has found sees what the job has seen: the edges that it was credited with. */
static int run_merged(void) {
  static struct nomem_plan plan;
  uint32_t next = 0;
  int result = nomem__target()(nomem__current.data, nomem__current.size);
  nomem__counters_begin();
  for (const struct nomem_try *tried; (tried = nomem__campaign_credit(hash_input(), &next)) != NULL;) {
    make_plan(&plan, tried);
    nomem__counters_clear();
    nomem__run_target(NOMEM_RUN_FAULT, &plan);
    nomem__counters_merge(true);
  }
  nomem__counters_end();
  return result;
}

/* What runs inside the target's function may call it once more: that is part of the run. */
static int serve(const uint8_t *data, size_t size) {
  static bool is_read, is_started;
  if (!is_read) nomem__options_read_again();
  is_read = true;
  if (nomem__options.off) nomem__patch_end();
  if (nomem__options.off || nomem__current.is_running) return nomem__target()(data, size);
  if (!is_started) {
    nomem__report_arm();
    if (!nomem__options.merges) nomem__known_sites_say();
  }
  is_started = true;
  nomem__current.data = data;
  nomem__current.size = size;
  nomem__current.leak_plan = NULL;
  nomem__totals.inputs++;
  if (nomem__options.merges) return run_merged();
  return nomem__options.has_plan ? run_by_given_plan() : run_campaign();
}

/* The linker has led this driver here, so the other way is not needed. */
int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  nomem__patch_end();
  return serve(data, size);
}

static int serve_patched(const uint8_t *data, size_t size) {
  return serve(data, size);
}

/* Which way the driver will come is seen when it does. That the patch cannot be made matters only to a driver that
 * needs it: exit_note.c says then that no input has come. */
void nomem__entry_arm(void) {
  static bool is_armed;
  if (is_armed) return;
  is_armed = true;
  nomem__options.off = nomem__campaign_begin() != 0 || nomem__decision_init() != 0;
  if (nomem__options.off) {
    /* A merge that belongs to no campaign keeps an input for what that does undisturbed. */
    if (!nomem__options.merges) nomem__print_line("no memory for the tables: running the target without faults");
    return;
  }
  uint64_t made = nomem__campaign_fault_runs();
  runs_in_advance = made < FAULT_RUNS_IN_ADVANCE ? FAULT_RUNS_IN_ADVANCE - made : 0;
  nomem__exit_note_arm();
  nomem__source_units_read(NOMEM_FRAME_OFFSET(nomem__decision_frame((uintptr_t)nomem__target())));
  nomem__patch_begin((void *)(uintptr_t)nomem__target(), (void (*)(void))(uintptr_t)serve_patched);
}
