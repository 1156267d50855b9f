/* SPDX-License-Identifier: MIT */
/* What a run counts for in its campaign: docs/verdicts.md, "Skipped", "One loop, many hangs", and the rows of unreached
 * and swallowed; docs/evidence.md, "Second faults" and "Heap errors". */
#include "fixtures/recorded_run.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../faults/explore/campaign/results.h"

#define DEMO "/lib/libdemo.so.1"
#define EXITED(status) W_EXITCODE(status, 0)

const struct recorded_function recorded_functions[] = {
    {.name = "parse", .module = DEMO, .file = "src/parse.c"},
    {.name = "report", .module = DEMO, .file = "src/report.c"},
    {0},
};

static struct nomem__options options;
static struct nomem__session session;
static struct nomem__campaign *campaign;
static struct nomem__worker_slot *slot;
static struct recorded_run *run;
static struct nomem__result result;
static struct nomem__output_capture capture = NOMEM_OUTPUT_CAPTURE_NONE;

/* A campaign of one site with three calls: the first, all from the first on, the second; and the first together with
 * that of another site. */
static int set_up(void **state) {
  (void)state;
  static const struct nomem__point points[] = {
      {.occurrence = 1}, {.occurrence = 1, .persistent = true}, {.occurrence = 2}, {.occurrence = 1, .second = 1}};
  options = (struct nomem__options){.leaks = NOMEM_LEAKS_HANDLED};
  session = (struct nomem__session){.options = &options};
  campaign = nomem__campaign_new(&session, NOMEM_WATCH_LIVE);
  campaign->sites = calloc(1, sizeof *campaign->sites);
  campaign->sites[0] = (struct nomem__campaign_site){.key = 1, .count = 3, .worst = NOMEM_VERDICT_COUNT};
  campaign->site_count = 1;
  campaign->key_digits = NOMEM_KEY_DIGITS;
  campaign->second_faults.seconds = calloc(1, sizeof(uint64_t));
  campaign->second_faults.second_count = 1;
  campaign->second_faults.digits = NOMEM_KEY_DIGITS;
  campaign->timeout_ms = 1000;
  campaign->baseline_output.output.is_stable = campaign->baseline_output.error.is_stable = true;
  campaign->residue_check.baseline.is_known = true;
  campaign->residue_check.baseline.run_count = NOMEM__BASELINE_RUNS;
  nomem__campaign_add_points(campaign, points, 4);
  slot = &campaign->workers[0];
  slot->campaign = campaign;
  return 0;
}

/* The run writes a line where the baseline writes nothing. */
static void write_more(void) {
  assert_int_equal(nomem__output_capture_open(&capture), 0);
  const struct nomem__output empty = nomem__output_capture_read(&capture, NOMEM_OUTPUT);
  nomem__baseline_output_set(&campaign->baseline_output, &empty, &empty);
  assert_int_equal(write(capture.fd[NOMEM_OUTPUT], "a\n", 2), 2);
  run->outcome.output = nomem__output_capture_read(&capture, NOMEM_OUTPUT);
  run->outcome.error = nomem__output_capture_read(&capture, NOMEM_ERROR);
}

static int tear_down(void **state) {
  (void)state;
  nomem__findings_free(&slot->findings);
  nomem__campaign_free(campaign);
  discard_run(run);
  run = NULL;
  nomem__output_capture_close(&capture);
  return 0;
}

/* A run that ended as the baseline did, in which so many calls were failed. */
static void record(unsigned faults) {
  discard_run(run);
  run = record_run();
  run->channel->watch = NOMEM_WATCH_LIVE;
  run->residue = (struct nomem__process_residue){.is_known = true, .has_ended = true};
  for (unsigned i = 0; i < faults; i++) record_fault(run, STACK("parse:7"));
}

static void record_crash(void) {
  record(1);
  record_death(run, SIGSEGV, STACK("parse:8"));
}

static enum nomem__verdict judge(bool has_second) {
  nomem__results_judge(campaign, &run->outcome, has_second, &result);
  return result.verdict;
}

static bool enter(size_t rank) {
  return nomem__results_enter(slot, &run->outcome, rank);
}

static enum nomem__verdict verdict_of(size_t rank) {
  return (enum nomem__verdict)(campaign->states[rank].result - 1);
}

static void reached(void **state) {
  (void)state;
  record(0);
  assert_int_equal(judge(false), NOMEM_VERDICT_UNREACHED);
  record(1);
  assert_int_equal(judge(false), NOMEM_VERDICT_HANDLED);
}

/* A run whose program was not started tells nothing of the program, and the next one would not be started, either. */
static void not_started(void **state) {
  (void)state;
  record(0);
  run->outcome.end.start_error = ENOSPC;
  enter(0);
  assert_true(campaign->failed);
  assert_int_equal(campaign->states[0].result, 0);
}

/* Of two faults both must have come, unless the first alone ended the run. */
static void both_reached(void **state) {
  (void)state;
  record(1);
  assert_int_equal(judge(true), NOMEM_VERDICT_UNREACHED);
  record(2);
  assert_int_equal(judge(true), NOMEM_VERDICT_HANDLED);
  record_crash();
  assert_int_equal(judge(true), NOMEM_VERDICT_CRASH);
  record(1);
  run->outcome.end.timed_out = true;
  assert_int_equal(judge(true), NOMEM_VERDICT_HANG);
  record(1);
  run->outcome.is_flooded = true;
  assert_int_equal(judge(true), NOMEM_VERDICT_FLOOD);
}

/* A death that the baseline has, too, is not this run's. */
static void deaths_of_the_baseline(void **state) {
  (void)state;
  record_crash();
  run->outcome.end.root_status = EXITED(0);
  campaign->baseline_fatal_deaths = 1;
  assert_int_equal(judge(false), NOMEM_VERDICT_HANDLED);
  assert_int_equal(judge(true), NOMEM_VERDICT_UNREACHED);
  run->outcome.end.fatal_deaths = 2;
  assert_int_equal(judge(false), NOMEM_VERDICT_CRASH);
}

/* A signal that was caught ends a run as a death does: with one of two calls to fail, it is come to an end. */
static void caught_signals(void **state) {
  (void)state;
  record_crash();
  run->outcome.end.fatal_deaths = 0;
  run->outcome.end.root_status = EXITED(0);
  assert_int_equal(judge(true), NOMEM_VERDICT_UNREACHED);
  run->outcome.was_caught = true;
  assert_int_equal(judge(false), NOMEM_VERDICT_CRASH);
  assert_int_equal(judge(true), NOMEM_VERDICT_CRASH);
}

/* 77, and what --skip-code names: no other status, and no signal of that number. */
static void skipped(void **state) {
  (void)state;
  record(1);
  run->outcome.end.root_status = EXITED(77);
  assert_int_equal(judge(false), NOMEM_VERDICT_HANDLED);
  run->outcome.end.root_status = EXITED(78);
  assert_int_equal(judge(false), NOMEM_VERDICT_REPORTED);
  options.skip_codes[1] = UINT64_C(1) << (78 - 64);
  assert_int_equal(judge(false), NOMEM_VERDICT_HANDLED);
  run->outcome.end.root_status = EXITED(14);
  assert_int_equal(judge(false), NOMEM_VERDICT_REPORTED);
  options.skip_codes[0] = UINT64_C(1) << SIGTERM;
  run->outcome.end.root_status = SIGTERM;
  assert_int_equal(judge(false), NOMEM_VERDICT_REPORTED);
}

/* What --bad-code names, and no other status; and what the test says, unless it says so in any case. */
static void wrong(void **state) {
  (void)state;
  record(1);
  options.bad_codes[0] = UINT64_C(1) << 3;
  assert_int_equal(judge(false), NOMEM_VERDICT_HANDLED);
  run->outcome.end.root_status = EXITED(4);
  assert_int_equal(judge(false), NOMEM_VERDICT_REPORTED);
  run->outcome.end.root_status = EXITED(3);
  assert_int_equal(judge(false), NOMEM_VERDICT_WRONG);
  run->outcome.end.root_status = 3; /* SIGQUIT */
  assert_int_equal(judge(false), NOMEM_VERDICT_REPORTED);
  run->outcome.end.root_status = EXITED(0);
  run->channel->wrong.count = 1;
  assert_int_equal(judge(false), NOMEM_VERDICT_WRONG);
  campaign->is_baseline_wrong = true;
  assert_int_equal(judge(false), NOMEM_VERDICT_HANDLED);
}

/* Output that differs counts, but not in a run that ended otherwise, nor where a block table alone changes it. */
static void swallowed(void **state) {
  (void)state;
  record(1);
  write_more();
  assert_int_equal(judge(false), NOMEM_VERDICT_SWALLOWED);
  run->channel->watch = NOMEM_WATCH_BLOCK_TABLE;
  assert_int_equal(judge(false), NOMEM_VERDICT_SWALLOWED);
  campaign->residue_check.writes_otherwise = true;
  assert_int_equal(judge(false), NOMEM_VERDICT_HANDLED);
  run->channel->watch = NOMEM_WATCH_LIVE;
  assert_int_equal(judge(false), NOMEM_VERDICT_SWALLOWED);
  run->outcome.end.root_status = EXITED(1);
  assert_int_equal(judge(false), NOMEM_VERDICT_REPORTED);
  run->outcome.end.root_status = EXITED(0);
  nomem__baseline_output_compare(&campaign->baseline_output, &run->outcome.output, &run->outcome.error);
  assert_int_equal(judge(false), NOMEM_VERDICT_HANDLED);
}

/* A sanitizer's report of a leak counts where the program came to its end; with --leaks all at any exit. */
static void reported_leaks(void **state) {
  (void)state;
  record(1);
  strcpy(run->outcome.report.kind, "memory leak");
  run->outcome.report.is_leak = true;
  assert_int_equal(judge(false), NOMEM_VERDICT_SANITIZER);
  run->outcome.end.root_status = EXITED(1);
  assert_int_equal(judge(false), NOMEM_VERDICT_REPORTED);
  options.leaks = NOMEM_LEAKS_ALL;
  assert_int_equal(judge(false), NOMEM_VERDICT_SANITIZER);
}

/* What was left is judged by the residue that is computed with the verdict. */
static void left_behind(void **state) {
  (void)state;
  record(1);
  run->channel->watch = NOMEM_WATCH_BLOCK_TABLE;
  run->residue.has_block_table = campaign->residue_check.baseline.with_block_table.has_block_table = true;
  run->residue.heap.leaks = calloc(1, sizeof *run->residue.heap.leaks);
  run->residue.heap.leaks[0] = (struct nomem__leak_site){.key = 1, .culprit = 1, .blocks = 1, .bytes = 10};
  run->residue.heap.leak_count = 1;
  assert_int_equal(judge(false), NOMEM_VERDICT_LEAK);
  assert_int_equal(result.residue.leak.bytes, 10);
  options.leaks = NOMEM_LEAKS_OFF;
  assert_int_equal(judge(false), NOMEM_VERDICT_HANDLED);
  options.leaks = NOMEM_LEAKS_HANDLED;
  run->outcome.end.root_status = EXITED(1);
  assert_int_equal(judge(false), NOMEM_VERDICT_REPORTED);
  options.leaks = NOMEM_LEAKS_ALL;
  assert_int_equal(judge(false), NOMEM_VERDICT_LEAK);
  run->residue.heap.has_misuse = true;
  assert_int_equal(judge(false), NOMEM_VERDICT_CORRUPTION);
}

/* A run that was made once more for heap errors counts only where it is worse for the heap. */
static void heap_check(void **state) {
  (void)state;
  for (unsigned verdict = 0; verdict < NOMEM_VERDICT_COUNT; verdict++) {
    bool counts = verdict <= NOMEM_VERDICT_ABORT, has_lost = verdict == NOMEM_VERDICT_LEAK;
    assert_int_equal(nomem__results_settle((enum nomem__verdict)verdict, NOMEM_VERDICT_REPORTED, true, false),
                     counts || has_lost ? verdict : NOMEM_VERDICT_REPORTED);
    assert_int_equal(nomem__results_settle((enum nomem__verdict)verdict, NOMEM_VERDICT_HANDLED, true, false),
                     counts ? verdict : NOMEM_VERDICT_HANDLED);
    assert_int_equal(nomem__results_settle((enum nomem__verdict)verdict, NOMEM_VERDICT_REPORTED, false, false),
                     verdict);
  }
  campaign->heap.is_looking = true;
  campaign->states[0].result = NOMEM_VERDICT_REPORTED + 1;
  record(1);
  assert_true(enter(0));
  assert_int_equal(verdict_of(0), NOMEM_VERDICT_REPORTED);
  assert_int_equal(campaign->engines[NOMEM_ENGINE_EXEC], 0); /* the point had its run */
  run->residue.heap.has_misuse = true;
  assert_true(enter(0));
  assert_int_equal(verdict_of(0), NOMEM_VERDICT_CORRUPTION);
}

/* It did not hang before: the sanitizer's search for leaks takes its time. */
static void slow_leak_check(void **state) {
  (void)state;
  assert_int_equal(nomem__results_settle(NOMEM_VERDICT_HANG, NOMEM_VERDICT_HANDLED, false, true),
                   NOMEM_VERDICT_HANDLED);
  assert_int_equal(nomem__results_settle(NOMEM_VERDICT_LEAK, NOMEM_VERDICT_HANDLED, false, true), NOMEM_VERDICT_LEAK);
  record(1);
  run->channel->check_leaks = 1;
  run->outcome.end.timed_out = true;
  assert_true(enter(0)); /* nothing was before */
  assert_int_equal(verdict_of(0), NOMEM_VERDICT_HANG);
}

/* A run that is to be looked at closely is no finding yet; once it was, it is not made again. */
static void due_once(void **state) {
  (void)state;
  record(1);
  run->residue.live = 99;
  write_more(); /* swallowed: it would be one */
  assert_true(enter(0));
  assert_true(campaign->states[0].is_due);
  assert_false(campaign->states[0].had_block_table);
  assert_int_equal(slot->findings.count, 0);
  assert_int_equal(campaign->progress.total, 1);
  run->channel->watch = NOMEM_WATCH_BLOCK_TABLE;
  assert_true(enter(0));
  assert_false(campaign->states[0].is_due);
  assert_true(campaign->states[0].had_block_table);
  assert_int_equal(slot->findings.count, 1);
  assert_int_equal(campaign->engines[NOMEM_ENGINE_EXEC], 1); /* one run of the point */
}

/* A crash says more than what it left: it counts at once. */
static void not_due(void **state) {
  (void)state;
  record_crash();
  run->residue.live = 99;
  options.leaks = NOMEM_LEAKS_ALL;
  assert_true(enter(0));
  assert_false(campaign->states[0].is_due);
  assert_int_equal(slot->findings.count, 1);
}

/* What a first call's failure led to is noted, where the run went on to its end; not after a later call's, or after all
 * calls'. */
static void second_faults(void **state) {
  static const struct {
    size_t rank;
    bool has_died;
    size_t noted;
  } cases[] = {{0, false, 1}, {0, true, 0}, {1, false, 0}, {2, false, 0}, {3, false, 0}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (cases[i].has_died)
      record_crash();
    else
      record(2);
    run->channel->recovery_count = 1;
    run->channel->recoveries[0].key = 50;
    run->channel->recoveries[0].depth = record_frames(run, STACK("report:1"), run->channel->recoveries[0].frame);
    campaign->second_faults.count = 0;
    assert_true(enter(cases[i].rank));
    assert_int_equal(campaign->second_faults.count, cases[i].noted);
  }
}

/* Once a run has hung, the next are looked at after a fifth of their time. */
static void early(void **state) {
  (void)state;
  assert_int_equal(nomem__results_early_ms(slot), 0);
  record_crash();
  assert_true(enter(0));
  assert_int_equal(nomem__results_early_ms(slot), 0);
  record(1);
  record_hang(run, STACK("parse:9"));
  assert_true(enter(2));
  assert_int_equal(nomem__results_early_ms(slot), 200);
  nomem__findings_merge(&campaign->findings, &slot->findings);
  assert_int_equal(nomem__results_early_ms(slot), 200);
}

/* One that stands in the same loop by then is a hang, too; any other is made again with all its time. */
static void same_loop(void **state) {
  (void)state;
  record(1);
  record_hang(run, STACK("parse:9"));
  assert_true(enter(0));
  run->outcome.is_early = true;
  assert_true(enter(2));
  assert_int_equal(verdict_of(2), NOMEM_VERDICT_HANG);
  assert_int_equal(campaign->early_count, 1);
  record(1);
  record_hang(run, STACK("report:9"));
  run->outcome.is_early = true;
  assert_false(enter(1));
  assert_int_equal(campaign->states[1].result, 0);
  record(0);
  run->outcome.is_early = run->outcome.end.timed_out = true; /* its call may yet come */
  assert_false(enter(1));
  assert_int_equal(campaign->states[1].result, 0);
}

/* What a fork did not reach, the program may reach when it is started for it. */
static void left_to_exec(void **state) {
  static const enum nomem_engine forks[] = {NOMEM_ENGINE_SERVER, NOMEM_ENGINE_SNAPSHOT};
  (void)state;
  record(0);
  for (size_t i = 0; i < 2; i++) {
    campaign->engine = forks[i];
    assert_false(enter(1));
    assert_int_equal(campaign->states[1].result, 0);
  }
  campaign->engine = NOMEM_ENGINE_EXEC;
  assert_true(enter(1));
  assert_int_equal(verdict_of(1), NOMEM_VERDICT_UNREACHED);
}

/* A program whose output is not the same each time swallows nothing. */
static void drop_swallowed(void **state) {
  (void)state;
  record(1);
  write_more();
  assert_true(enter(0));
  record_crash();
  assert_true(enter(2));
  nomem__findings_merge(&campaign->findings, &slot->findings);
  assert_int_equal(campaign->findings.count, 2);
  nomem__results_drop_swallowed(campaign);
  assert_int_equal(campaign->findings.count, 1);
  assert_int_equal(campaign->findings.list[0].verdict, NOMEM_VERDICT_CRASH);
  assert_int_equal(verdict_of(0), NOMEM_VERDICT_HANDLED);
  assert_int_equal(verdict_of(2), NOMEM_VERDICT_CRASH);
}

/* Of a site its runs, and the worst of them; what another shard has is no run. */
static void counted_runs(void **state) {
  (void)state;
  campaign->states[0].result = NOMEM_VERDICT_HANDLED + 1;
  campaign->states[1].result = NOMEM_VERDICT_CRASH + 1;
  campaign->states[2].result = NOMEM__ELSEWHERE;
  campaign->states[3].result = NOMEM_VERDICT_LEAK + 1;
  nomem__results_count(campaign);
  assert_int_equal(campaign->sites[0].tried, 3);
  assert_int_equal(campaign->sites[0].worst, NOMEM_VERDICT_CRASH);
  assert_int_equal(campaign->verdicts[NOMEM_VERDICT_HANDLED], 1);
  assert_int_equal(campaign->verdicts[NOMEM_VERDICT_CRASH], 1);
}

/* Unsound snapshots are made again by another engine: not those of an earlier batch, whose findings count already. */
static void unsound_snapshots(void **state) {
  (void)state;
  campaign->engine = NOMEM_ENGINE_SNAPSHOT;
  campaign->worker_count = campaign->forkers = 1;
  campaign->batch_end = 3;
  record(1);
  assert_true(enter(0));
  nomem__results_settle_snapshots(slot, true);
  record(1);
  assert_true(enter(1));
  assert_int_equal(campaign->engines[NOMEM_ENGINE_SNAPSHOT], 2);
  nomem__results_settle_snapshots(slot, false);
  assert_int_equal(verdict_of(0), NOMEM_VERDICT_HANDLED);
  assert_int_equal(campaign->states[1].result, 0);
  assert_int_equal(campaign->engines[NOMEM_ENGINE_SNAPSHOT], 1);
  campaign->worker_count = campaign->forkers = 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(reached),        TEST(both_reached),      TEST(deaths_of_the_baseline),
      TEST(caught_signals), TEST(skipped),           TEST(wrong),
      TEST(swallowed),      TEST(reported_leaks),    TEST(left_behind),
      TEST(heap_check),     TEST(slow_leak_check),   TEST(due_once),
      TEST(not_due),        TEST(second_faults),     TEST(early),
      TEST(same_loop),      TEST(left_to_exec),      TEST(drop_swallowed),
      TEST(counted_runs),   TEST(unsound_snapshots), TEST(not_started),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
