/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "baseline.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../process/syscall_effects.h"
#include "../run/job_count.h"
#include "../text/complain.h"
#include "../text/error_text.h"
#include "../text/memory.h"
#include "../text/quote.h"
#include "allocator_note.h"
#include "engine_choice.h"
#include "file_check.h"
#include "interpreter_choice.h"
#include "residue_check.h"
#include "schedule.h"
#include "site_filter.h"
#include "site_order.h"

/* A baseline that nobody gave a time for must end by itself within this. */
#define BASELINE_MS 60000
/* A run is a hang when it takes this many times as long as the baseline, and at least so long. */
#define TIMEOUT_FACTOR 10
#define TIMEOUT_LEAST_MS 1000
/* A program that passes in another way than it is run in, and in so many more runs does not pass as it is run, may be
 * helped by that way. */
#define CONTROL_RUNS 3

/* A run without a fault. */
struct baseline_run {
  struct nomem__campaign *campaign;
  bool is_first, is_watched; /* the latter: for its effects */
  bool has_ended;            /* by itself, or because its time was up */
  unsigned effects;
  int status;
  unsigned fatal_deaths;
  bool timed_out, is_flooded, is_damaged, was_cancelled, was_injected;
  int code_owners_result;
  uint64_t duration_us, processor_us, starved_us, peak_kb, allocations, sites_lost;
  struct nomem__campaign_site *sites;
  char **modules;
  size_t site_count, module_count;
  unsigned key_digits;
  struct nomem__output output, error;
  struct nomem__written_files files;
  struct nomem__run_extent extent;
  char last_line[NOMEM_QUOTE_BYTES];
};

/* What only the first run is needed for. */
static void learn_from_first(struct baseline_run *run, const struct nomem__outcome *outcome) {
  struct nomem__campaign *campaign = run->campaign;
  const struct nomem__session *session = campaign->session;
  /* Of a program that gave up before it allocated anything, there is more to say than that. */
  bool gave_up = outcome->end.root_status != 0 && outcome->end.start_error == 0 && outcome->channel->image_count > 0;
  nomem__programs_list(outcome->channel, &campaign->programs);
  campaign->allocates_nothing =
      outcome->end.root_status == 0 && outcome->channel->image_count > 0 && nomem__channel_calls(outcome->channel) == 0;
  run->was_injected = gave_up || nomem__interpreter_may_be_chosen(campaign) || nomem__session_was_injected(outcome);
  nomem__allocator_note_make(campaign, outcome->channel);
  if (*campaign->allocator_note != '\0' && !session->options->quiet) nomem__complain("%s", campaign->allocator_note);
  nomem__baseline_output_set(&campaign->baseline_output, &outcome->output, &outcome->error);
  nomem__executed_programs_clear(&campaign->not_injected);
  nomem__executed_programs_copy(&campaign->not_injected, outcome->not_injected);
  nomem__code_owners_free(&campaign->code_owners);
  nomem__interpreter_learn(campaign, outcome->channel);
  run->code_owners_result = nomem__code_owners_learn(&campaign->code_owners, session->options->under_test,
                                                     outcome->channel, session->symbols);
  if (nomem__interpreter_may_be_chosen(campaign)) run->code_owners_result = 0; /* it may yet allocate */
  campaign->allocates_nothing |= run->code_owners_result == -ENODATA;
}

/* Once. A test that finds results wrong in any case says nothing about a fault by that. */
static void note_wrong(struct nomem__campaign *campaign, const struct nomem_channel *channel) {
  char quoted[NOMEM_QUOTE_BYTES];
  if (channel->wrong.count == 0 || campaign->is_baseline_wrong) return;
  campaign->is_baseline_wrong = true;
  nomem__complain("without any fault the test calls nomem_wrong: %s: such calls do not count",
                  nomem__quote(channel->wrong.text, quoted, sizeof quoted));
}

static void run_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct baseline_run *run = user;
  (void)worker;
  run->status = outcome->end.root_status;
  run->fatal_deaths = outcome->end.fatal_deaths;
  run->effects = outcome->end.effects;
  run->timed_out = outcome->end.timed_out;
  run->is_flooded = outcome->is_flooded;
  run->is_damaged = outcome->is_damaged;
  run->was_cancelled = outcome->end.was_cancelled;
  run->duration_us = outcome->duration_us;
  run->peak_kb = outcome->end.peak_kb;
  run->processor_us = outcome->end.processor_us;
  run->starved_us = outcome->starved_us;
  run->allocations = nomem__channel_calls(outcome->channel);
  run->sites_lost = outcome->channel->sites_lost;
  run->output = outcome->output;
  run->error = outcome->error;
  run->extent = nomem__run_extent_of(outcome->channel);
  if (run->was_cancelled) return;
  if (outcome->files != NULL) nomem__written_files_take(&run->files, outcome->files);
  run->campaign->baseline_has_timed_out |= run->timed_out;
  nomem__baseline_residue_add(&run->campaign->residue_check.baseline, outcome->residue, outcome->child_residue);
  run->has_ended = true;
  note_wrong(run->campaign, outcome->channel);
  nomem__quote_last_line(outcome->tail, run->last_line);
  run->site_count = nomem__site_list_read(outcome->channel, &run->sites);
  run->module_count = nomem__site_list_read_modules(outcome->channel, &run->modules);
  run->key_digits = nomem__site_list_digits(run->sites, run->site_count);
  if (run->is_first) learn_from_first(run, outcome);
}

static uint64_t limit_ms(const struct nomem__campaign *campaign) {
  uint64_t wanted_ms = campaign->session->options->timeout_ms;
  return wanted_ms != 0 ? wanted_ms : BASELINE_MS;
}

static int start_run(struct nomem__campaign *campaign, unsigned number, struct baseline_run *run, bool watch) {
  struct nomem__run_request request = nomem__campaign_request(campaign, "", run_done, run);
  request.timeout_ms = limit_ms(campaign);
  request.watch_effects = watch;
  request.learn_reports = true;
  run->campaign = campaign;
  run->is_watched = watch;
  return nomem__worker_start(campaign->workers[number].worker, &request);
}

/* Whether a run is fit to be a baseline, as far as one alone can tell. Returns 0, or a negative error code after one
 * line on standard error. */
static int check_run(const struct nomem__campaign *campaign, const struct baseline_run *run) {
  const struct nomem__session *session = campaign->session;
  if (run->was_cancelled) return session->interrupted_by != 0 ? 0 : -ECANCELED;
  if (run->is_flooded) {
    nomem__complain("without any fault the program writes more than %" PRIu64
                    " MiB: give it less to say, or send what it writes to /dev/null",
                    NOMEM_OUTPUT_MAX_BYTES >> 20);
    return -E2BIG;
  }
  if (run->timed_out) {
    nomem__complain("without any fault the program runs longer than %" PRIu64
                    " s: give it less to do, or more time "
                    "with --timeout",
                    limit_ms(campaign) / 1000);
    return -ETIMEDOUT;
  }
  if (run->is_damaged) {
    nomem__complain(
        "without any fault the program writes over the pages that it shares with nomem (%s): what it reports cannot be "
        "trusted",
        NOMEM_CHANNEL_ENV);
    return -EINVAL;
  }
  if (run->is_first && !run->was_injected) return -ENOENT;
  if (run->code_owners_result == -ENOENT && run->status == 0) {
    char quoted[NOMEM_QUOTE_BYTES];
    nomem__complain(
        "--under-test: no code that allocates matches %s: give source paths as the debug information has "
        "them, such as 'src/*', or files such as 'libuv.so*'",
        nomem__quote(session->options->under_test, quoted, sizeof quoted));
    return -ENOENT;
  }
  if (run->code_owners_result == -ENODATA && run->status == 0) {
    nomem__complain(
        "nothing to explore: all that allocates is a test framework and what was taken for its tests "
        "(--under-test says otherwise)");
    return -ENOENT;
  }
  return 0;
}

static void free_run(struct baseline_run *run) {
  free(run->sites);
  free(run->modules);
  nomem__written_files_free(&run->files);
  *run = (struct baseline_run){0};
}

/* The second run finds out what the program does that a fork would share, or that outlives a run. A filter of system
 * calls takes the rights of another user from set-uid programs, which then do something else. */
static bool should_watch_effects(const struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  return session->setup.trace && !nomem__executed_programs_have_privileged(&campaign->not_injected) &&
         (session->options->engine != NOMEM_CHOICE_EXEC || session->setup.isolation != NULL);
}

/* Makes the first run; and beside it, where runs are isolated and there is a second worker, the second one, unless it
 * is NULL. */
static int run_first(struct nomem__campaign *campaign, struct baseline_run *first, struct baseline_run *second) {
  struct nomem__session *session = campaign->session;
  free_run(first);
  *first = (struct baseline_run){.is_first = true};
  int result;
  do result = start_run(campaign, 0, first, false);
  while (result != 0 && nomem__session_can_retry(session, result));
  if (result != 0) return result;
  if (second != NULL && session->setup.isolation != NULL && campaign->worker_count > 1)
    start_run(campaign, 1, second, should_watch_effects(campaign)); /* if this fails, ensure_second makes it */
  nomem__session_run(session);
  return check_run(campaign, first);
}

static int run_second(struct nomem__campaign *campaign, struct baseline_run *second, bool watch) {
  free_run(second);
  int result = start_run(campaign, 0, second, watch);
  if (result != 0) {
    nomem__complain("cannot start a run: %s", nomem__error_text(-result));
    return result;
  }
  nomem__session_run(campaign->session);
  return watch && second->timed_out ? 0 : check_run(campaign, second);
}

/* Whether two runs that were made side by side ended alike. */
static bool end_alike(const struct nomem__campaign *campaign, const struct baseline_run *first,
                      const struct baseline_run *second) {
  return first->status == second->status &&
         nomem__output_is_same(&campaign->baseline_output, &second->output, &second->error);
}

/* Makes the second run, unless it was made beside the first. Those two may have disturbed each other where isolation
 * does not keep them apart: then it is made again. */
static int ensure_second(struct nomem__campaign *campaign, const struct baseline_run *first,
                         struct baseline_run *second) {
  int result = 0;
  campaign->effects = NOMEM_EFFECT_UNKNOWN;
  bool watch = should_watch_effects(campaign);
  if (!second->has_ended || second->is_watched != watch || !end_alike(campaign, first, second))
    result = run_second(campaign, second, watch);
  if (result != 0 || second->was_cancelled || !second->is_watched) return result;
  if (!second->timed_out && second->status == first->status) {
    campaign->effects = second->effects;
    return check_run(campaign, second);
  }
  return run_second(campaign, second, false); /* it may end otherwise because it was watched */
}

/* Whether the program passes when it is run in this way. */
static bool passes(struct nomem__campaign *campaign, bool trace, const char *preload) {
  struct baseline_run run = {0};
  campaign->session->setup.trace = trace;
  campaign->session->setup.preload = preload;
  nomem__campaign_set_workers(campaign, 0);
  if (nomem__campaign_set_workers(campaign, 1) != 0 || start_run(campaign, 0, &run, false) != 0) return false;
  nomem__session_run(campaign->session);
  bool has_passed = run.has_ended && !run.timed_out && !run.is_flooded && run.status == 0;
  free_run(&run);
  return has_passed;
}

/* Why a program fails that would pass without nomem, and what to do about it; NULL: it would fail in any case. The
 * campaign is over by now, so that its setup may be changed. */
static const char *find_remedy(struct nomem__campaign *campaign, int status) {
  const struct nomem__run_setup setup = campaign->session->setup;
  const char *remedy = NULL;
  if (setup.trace && passes(campaign, false, setup.preload))
    remedy =
        "but passes when nobody traces it: where it traces processes of its own, or does not want to be traced, use "
        "--no-trace";
  else if (setup.preload != NULL && passes(campaign, false, NULL))
    remedy = WIFSIGNALED(status)
                 ? "but passes without nomem's library in it: where it has a signal stack or a thread's stack of less "
                   "than 4 KiB, or a system call filter, give it more, or --leaks off"
                 : "but passes without nomem's library in it, which takes 3 MB: where it limits its address space or "
                   "its data (RLIMIT_AS, RLIMIT_DATA), raise the limit";
  for (unsigned i = 0; i < CONTROL_RUNS && remedy != NULL; i++)
    if (passes(campaign, setup.trace, setup.preload)) return "but passes at times: a flaky test cannot be explored";
  return remedy;
}

static int complain_of_failure(struct nomem__campaign *campaign, const struct baseline_run *run) {
  bool has_words = strcmp(run->last_line, "''") != 0;
  char how[64];
  const char *name = WIFSIGNALED(run->status) ? sigabbrev_np(WTERMSIG(run->status)) : NULL;
  if (name != NULL && WTERMSIG(run->status) == SIGSYS && campaign->residue_check.watch != NOMEM_WATCH_NONE) {
    nomem__complain(
        "without any fault the program is killed by SIGSYS: where a system call filter (seccomp) of its own "
        "does that, it forbids what nomem asks at the end of a process: try --leaks off");
    return -EINVAL;
  }
  if (name != NULL)
    snprintf(how, sizeof how, "is killed by signal %d (SIG%s)", WTERMSIG(run->status), name);
  else if (WIFSIGNALED(run->status)) /* it has no name */
    snprintf(how, sizeof how, "is killed by signal %d (real-time)", WTERMSIG(run->status));
  else
    snprintf(how, sizeof how, "exits with %d", WEXITSTATUS(run->status));
  const char *remedy = find_remedy(campaign, run->status);
  nomem__complain("without any fault the program %s%s%s%s%s", how, remedy != NULL ? ", " : ": ",
                  remedy != NULL ? remedy : "mend that first", has_words ? "; its last words: " : "",
                  has_words ? run->last_line : "");
  return -EINVAL;
}

static int check_agreement(struct nomem__campaign *campaign, struct baseline_run *first, struct baseline_run *second) {
  if (first->status != second->status) {
    nomem__complain("without any fault the program ends in two different ways: a flaky test cannot be explored");
    return -EINVAL;
  }
  campaign->baseline_status = first->status;
  if (first->status != 0) return complain_of_failure(campaign, first);
  campaign->unstable_sites =
      nomem__site_list_count_unshared(first->sites, first->site_count, second->sites, second->site_count);
  size_t both = (first->site_count + second->site_count - campaign->unstable_sites) / 2;
  if (campaign->unstable_sites > both) {
    nomem__complain(
        "two runs without any fault allocate in different places (%zu sites in both, %zu in only one): "
        "make the program deterministic (a fixed seed, one thread) first",
        both, campaign->unstable_sites);
    return -EINVAL;
  }
  return 0;
}

/* Leaves the calls that an interpreter makes for itself out of what is compared and explored. */
static void drop_untested(struct nomem__campaign *campaign, struct baseline_run *run) {
  struct nomem__interpreter_part *part = &campaign->interpreter;
  size_t count = run->site_count;
  uint64_t calls;
  if (!part->tested.are_limit) return;
  run->site_count =
      nomem__site_list_drop_untested(run->sites, count, run->modules, run->module_count, &part->tested, &calls);
  if (!run->is_first) return;
  part->sites = count - run->site_count;
  part->calls = calls;
}

static bool is_explored(const struct nomem__campaign_site *site) {
  return !site->is_left_out && !site->is_tests;
}

static void schedule_points(struct nomem__campaign *campaign) {
  const struct nomem__options *options = campaign->session->options;
  uint64_t *counts = nomem__calloc(campaign->site_count + 1, sizeof *counts);
  for (size_t i = 0; i < campaign->site_count; i++)
    counts[i] = is_explored(&campaign->sites[i]) ? campaign->sites[i].count : 0;
  uint32_t *order = nomem__site_order_of(campaign->sites, campaign->site_count, campaign->modules,
                                         campaign->module_count, &campaign->code_owners);
  struct nomem__schedule wanted = {.counts = counts,
                                   .order = order,
                                   .site_count = campaign->site_count,
                                   .transient = options->faults & NOMEM_FAULT_TRANSIENT,
                                   .persistent = nomem__interpreter_takes_persistent(campaign),
                                   .max_points = options->max_points,
                                   .all = options->all};
  wanted.all = nomem__schedule_is_complete(&wanted);
  struct nomem__point *points = NULL;
  size_t count = nomem__schedule_make(&wanted, &points, &campaign->calls_scheduled);
  free(counts);
  free(order);
  nomem__campaign_take_points(campaign, points, count);
}

uint64_t nomem__baseline_timeout_ms(uint64_t wanted_ms, uint64_t baseline_us) {
  uint64_t timeout_ms = baseline_us * TIMEOUT_FACTOR / 1000;
  if (wanted_ms != 0) return wanted_ms;
  return timeout_ms > TIMEOUT_LEAST_MS ? timeout_ms : TIMEOUT_LEAST_MS;
}

static uint64_t unstarved_us(const struct baseline_run *run) {
  return run->starved_us < run->duration_us ? run->duration_us - run->starved_us : 0;
}

/* Enters in the campaign what all later runs are compared with. */
static void enter_runs(struct nomem__campaign *campaign, struct baseline_run *first,
                       const struct baseline_run *second) {
  campaign->baseline_status = first->status;
  campaign->baseline_fatal_deaths =
      first->fatal_deaths > second->fatal_deaths ? first->fatal_deaths : second->fatal_deaths;
  campaign->baseline_us = first->duration_us > second->duration_us ? first->duration_us : second->duration_us;
  campaign->baseline_peak_kb = first->peak_kb;
  campaign->baseline_load =
      nomem__run_load(first->processor_us + second->processor_us, unstarved_us(first) + unstarved_us(second));
  campaign->timeout_ms = nomem__baseline_timeout_ms(campaign->session->options->timeout_ms, campaign->baseline_us);
  campaign->allocations = first->allocations;
  campaign->sites_lost = first->sites_lost;
  campaign->baseline_extent = nomem__baseline_extent_of(
      &first->extent, &second->extent, nomem__engine_may_race(campaign->effects, campaign->unstable_sites));
  campaign->sites = first->sites;
  campaign->site_count = first->site_count;
  campaign->modules = first->modules;
  campaign->module_count = first->module_count;
  campaign->key_digits = first->key_digits;
  first->sites = NULL;
  first->modules = NULL;
}

/* Decides which sites are explored, and which of their calls fail. The calls that test code makes itself are left out:
 * nobody mends a test that does not check them. */
static int choose_points(struct nomem__campaign *campaign, const struct baseline_run *second) {
  struct nomem__second_faults *second_faults = &campaign->second_faults;
  nomem__site_list_mark_test_calls(campaign->sites, campaign->site_count, campaign->modules, campaign->module_count,
                                   &campaign->code_owners);
  const char *pattern = campaign->session->options->sites;
  if (pattern != NULL) {
    int64_t left = nomem__site_filter_apply(pattern, campaign->session->symbols, campaign->sites, campaign->site_count,
                                            campaign->modules, campaign->module_count);
    if (left <= 0) return left == 0 ? -EINVAL : (int)left;
  }
  schedule_points(campaign);
  nomem__second_faults_know(second_faults, campaign->sites, campaign->site_count);
  nomem__second_faults_know(second_faults, second->sites, second->site_count);
  return 0;
}

/* A program that needs the network or other programs may fail only because it is isolated. */
static int run_isolated_first(struct nomem__campaign *campaign, struct baseline_run *first,
                              struct baseline_run *second) {
  int result = run_first(campaign, first, second);
  if (result == 0 && first->status != 0 && second->has_ended) {
    free_run(second);
    result = run_first(campaign, first, NULL);
  }
  if (result != 0 || first->was_cancelled || first->status == 0) return result;
  if (!nomem__session_drop_isolation(campaign->session)) return 0;
  result = run_first(campaign, first, NULL);
  if (result == 0 && first->status == 0 && !first->was_cancelled)
    nomem__complain(
        "the program fails when it is isolated, so its runs are not%s (--isolate off says that this is meant)",
        campaign->session->jobs > 1 ? ", and may disturb each other" : ", and there is one at a time");
  return result;
}

/* Runs the program again with other programs injected, which it may need another environment for. */
static int run_with_image(struct nomem__campaign *campaign, const char *image, struct baseline_run *first,
                          struct baseline_run *second) {
  unsigned workers = campaign->worker_count;
  nomem__session_choose_image(campaign->session, image);
  nomem__campaign_set_workers(campaign, 0);
  int result = nomem__campaign_set_workers(campaign, workers);
  free_run(second);
  nomem__baseline_residue_free(&campaign->residue_check.baseline);
  return result != 0 ? result : run_first(campaign, first, second);
}

/* Where an interpreter ran, and nothing of the project's but modules that it loaded, or may have loaded, these are
 * under test. */
static int choose_interpreter(struct nomem__campaign *campaign, struct baseline_run *first,
                              struct baseline_run *second) {
  if (!nomem__interpreter_may_be_chosen(campaign)) return 0;
  const struct nomem__programs programs = campaign->programs;
  bool has_modules = campaign->interpreter.tested.count > 0, was_injected = *programs.first_path != '\0';
  if (programs.has_interpreter && !has_modules) return 0;
  campaign->interpreter.is_chosen = true;
  int result = run_with_image(campaign, programs.interpreter_names, first, second);
  if (result != 0 || first->was_cancelled || first->status != 0) return result;
  if (nomem__interpreter_is_of_use(campaign)) return 0;
  campaign->interpreter.is_chosen = false;
  if (was_injected) return run_with_image(campaign, "", first, second);
  nomem__interpreter_complain(campaign);
  return -ENOENT;
}

/* Where a script starts programs of the user's and programs of the system's, the user's are those under test. */
static int choose_programs(struct nomem__campaign *campaign, struct baseline_run *first, struct baseline_run *second) {
  int result = choose_interpreter(campaign, first, second);
  const struct nomem__programs *programs = &campaign->programs;
  if (result != 0 || *campaign->session->options->image != '\0' || *programs->project_names == '\0' ||
      *programs->system_names == '\0')
    return result;
  nomem__complain("not explored: %s of the system, beside %s (--image chooses otherwise)", programs->system_names,
                  programs->project_names);
  return run_with_image(campaign, programs->project_names, first, second);
}

int nomem__baseline_run(struct nomem__campaign *campaign) {
  struct baseline_run first = {0}, second = {0};
  struct nomem__signal_watcher *watcher = &campaign->caught_signals.watcher;
  watcher->is_learning = true;
  int result = run_isolated_first(campaign, &first, &second);
  if (result == 0 && !first.was_cancelled && first.status == 0) result = choose_programs(campaign, &first, &second);
  if (result == 0 && !first.was_cancelled) result = ensure_second(campaign, &first, &second);
  if (result == 0 && !first.was_cancelled && !second.was_cancelled) {
    nomem__baseline_output_compare(&campaign->baseline_output, &second.output, &second.error);
    nomem__file_check_learn(campaign, &first.files);
    nomem__file_check_learn(campaign, &second.files);
    drop_untested(campaign, &first);
    drop_untested(campaign, &second);
    result = check_agreement(campaign, &first, &second);
    if (result == 0) {
      enter_runs(campaign, &first, &second);
      result = choose_points(campaign, &second);
    }
  }
  watcher->is_learning = false;
  free_run(&first);
  free_run(&second);
  return result;
}
