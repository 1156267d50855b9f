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
#include "../text/complain.h"
#include "../text/quote.h"
#include "residue_check.h"
#include "schedule.h"
#include "site_filter.h"

/* A baseline that nobody gave a time for must end by itself within this. */
#define BASELINE_MS 60000
/* A run is a hang when it takes this many times as long as the baseline, and at least so long. */
#define TIMEOUT_FACTOR 10
#define TIMEOUT_LEAST_MS 1000

struct baseline {
  struct nomem__campaign *campaign;
  bool is_first, is_watched;
  bool is_made; /* it has ended, whatever came of it */
  unsigned effects;
  int status;
  unsigned fatal_deaths;
  bool timed_out, was_cancelled, was_injected;
  int code_owners_result;
  uint64_t duration_us, peak_kb, allocations, sites_lost;
  struct nomem__campaign_site *sites;
  char **modules;
  int64_t site_count, module_count;
  struct nomem__output output, error;
  char last_line[NOMEM_QUOTE_BYTES];
};

/* What there is to learn from the first only, and to say of it. */
static void first_done(struct baseline *baseline, const struct nomem__outcome *outcome) {
  struct nomem__campaign *campaign = baseline->campaign;
  const struct nomem__session *session = campaign->session;
  /* One that gave up before it allocated anything has a better reason to say. */
  bool gave_up = outcome->end.root_status != 0 && outcome->end.start_error == 0 && outcome->channel->image_count > 0;
  baseline->was_injected = gave_up || nomem__session_was_injected(outcome);
  if (outcome->channel->watched.keeps_new != 0 && !session->options->quiet)
    nomem__complain(
        "the program's operator new is its sanitizer's, and cannot be failed: its C++ library has to be a "
        "shared one for that");
  nomem__baseline_output_take(&campaign->baseline_output, &outcome->output, &outcome->error);
  nomem__programs_of(outcome->channel, &campaign->programs);
  nomem__code_owners_free(&campaign->code_owners);
  baseline->code_owners_result = nomem__code_owners_learn(&campaign->code_owners, session->options->under_test,
                                                          outcome->channel, session->symbols);
}

static void baseline_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct baseline *baseline = user;
  (void)worker;
  baseline->status = outcome->end.root_status;
  baseline->fatal_deaths = outcome->end.fatal_deaths;
  baseline->effects = outcome->end.effects;
  baseline->timed_out = outcome->end.timed_out;
  baseline->was_cancelled = outcome->end.was_cancelled;
  baseline->duration_us = outcome->duration_us;
  baseline->peak_kb = outcome->end.peak_kb;
  baseline->allocations = nomem__channel_calls(outcome->channel);
  baseline->sites_lost = outcome->channel->sites_lost;
  baseline->output = outcome->output;
  baseline->error = outcome->error;
  if (baseline->was_cancelled) return;
  nomem__baseline_residue_add(&baseline->campaign->residue_check.baseline, outcome->residue, outcome->child_residue);
  baseline->is_made = true;
  nomem__last_line(outcome->tail, baseline->last_line);
  baseline->site_count = nomem__site_list_read(outcome->channel, &baseline->sites);
  baseline->module_count = nomem__site_list_read_modules(outcome->channel, &baseline->modules);
  if (baseline->is_first) first_done(baseline, outcome);
}

static uint64_t limit_ms(const struct nomem__campaign *campaign) {
  uint64_t wanted_ms = campaign->session->options->timeout_ms;
  return wanted_ms != 0 ? wanted_ms : BASELINE_MS;
}

static int start_baseline(struct nomem__campaign *campaign, unsigned number, struct baseline *baseline, bool watch) {
  struct nomem__run_request request = nomem__campaign_request(campaign, "", baseline_done, baseline);
  request.timeout_ms = limit_ms(campaign);
  request.watch_effects = watch;
  request.learn_reports = true;
  baseline->campaign = campaign;
  baseline->is_watched = watch;
  return nomem__worker_start(campaign->workers[number].worker, &request);
}

/* Whether a baseline that has ended will do, as far as it can be said of one alone. */
static int check_baseline(const struct nomem__campaign *campaign, const struct baseline *baseline) {
  const struct nomem__session *session = campaign->session;
  if (baseline->was_cancelled) return session->interrupted_by != 0 ? 0 : -ECANCELED;
  if (baseline->timed_out) {
    nomem__complain("without any fault the program runs longer than %" PRIu64
                    " s: give it less to do, or more time "
                    "with --timeout",
                    limit_ms(campaign) / 1000);
    return -ETIMEDOUT;
  }
  if (baseline->is_first && !baseline->was_injected) return -ENOENT;
  if (baseline->code_owners_result == -ENOENT && baseline->status == 0) {
    char quoted[NOMEM_QUOTE_BYTES];
    nomem__complain(
        "--under-test: no code that allocates matches %s: give source paths as the debug information has "
        "them, such as 'src/*', or files such as 'libuv.so*'",
        nomem__quote(session->options->under_test, quoted, sizeof quoted));
    return -ENOENT;
  }
  if (baseline->code_owners_result == -ENODATA && baseline->status == 0) {
    nomem__complain(
        "nothing to explore: all that allocates is a test framework and what was taken for its tests "
        "(--under-test says otherwise)");
    return -ENOENT;
  }
  return baseline->site_count < 0 || baseline->module_count < 0 || baseline->code_owners_result == -ENOMEM ? -ENOMEM
                                                                                                           : 0;
}

static void free_baseline(struct baseline *baseline) {
  free(baseline->sites);
  free(baseline->modules);
  *baseline = (struct baseline){0};
}

/* What the program does that a fork would share, and that outlives a run, is found out in its second baseline. */
static bool is_watch_of_use(const struct nomem__session *session) {
  return session->setup.trace && (session->options->engine != NOMEM_CHOICE_EXEC || session->setup.isolation != NULL);
}

/* The first; second, unless it is NULL, has the other made beside it, where runs are isolated and there is a second
 * worker. */
static int run_first(struct nomem__campaign *campaign, struct baseline *first, struct baseline *second) {
  struct nomem__session *session = campaign->session;
  free_baseline(first);
  *first = (struct baseline){.is_first = true};
  int result;
  do result = start_baseline(campaign, 0, first, false);
  while (result != 0 && nomem__session_can_retry(session, result));
  if (result != 0) return result;
  if (second != NULL && session->setup.isolation != NULL && campaign->worker_count > 1)
    start_baseline(campaign, 1, second, is_watch_of_use(session)); /* if it cannot be started, it is made later */
  nomem__session_run(session);
  return check_baseline(campaign, first);
}

static int run_second(struct nomem__campaign *campaign, struct baseline *second, bool watch) {
  free_baseline(second);
  int result = start_baseline(campaign, 0, second, watch);
  if (result != 0) {
    nomem__complain("cannot start a run: %s", strerror(-result));
    return result;
  }
  nomem__session_run(campaign->session);
  return watch && second->timed_out ? 0 : check_baseline(campaign, second);
}

/* Whether two that were made side by side came out alike. */
static bool are_alike(const struct nomem__campaign *campaign, const struct baseline *first,
                      const struct baseline *second) {
  return first->status == second->status &&
         nomem__output_is_same(&campaign->baseline_output, &second->output, &second->error);
}

/* The other one, unless it was made beside the first; they may have met in what isolation does not keep apart. */
static int make_second(struct nomem__campaign *campaign, const struct baseline *first, struct baseline *second) {
  int result = 0;
  campaign->effects = NOMEM_EFFECT_UNKNOWN;
  if (!second->is_made || !are_alike(campaign, first, second))
    result = run_second(campaign, second, is_watch_of_use(campaign->session));
  if (result != 0 || second->was_cancelled || !second->is_watched) return result;
  if (!second->timed_out && second->status == first->status) {
    campaign->effects = second->effects;
    return check_baseline(campaign, second);
  }
  return run_second(campaign, second, false); /* the watching itself may have been in its way */
}

static int refuse_failing(const struct baseline *baseline) {
  bool has_words = strcmp(baseline->last_line, "''") != 0;
  char how[64];
  if (WIFSIGNALED(baseline->status))
    snprintf(how, sizeof how, "is killed by signal %d (SIG%s)", WTERMSIG(baseline->status),
             sigabbrev_np(WTERMSIG(baseline->status)));
  else
    snprintf(how, sizeof how, "exits with %d", WEXITSTATUS(baseline->status));
  nomem__complain("without any fault the program %s: mend that first%s%s", how, has_words ? "; its last words: " : "",
                  has_words ? baseline->last_line : "");
  return -EINVAL;
}

static int agree(struct nomem__campaign *campaign, struct baseline *first, struct baseline *second) {
  if (first->status != second->status) {
    nomem__complain("without any fault the program ends in two different ways: a flaky test cannot be explored");
    return -EINVAL;
  }
  if (first->status != 0) return refuse_failing(first);
  campaign->unstable_sites = nomem__site_list_count_unshared(first->sites, (size_t)first->site_count, second->sites,
                                                             (size_t)second->site_count);
  size_t both = ((size_t)(first->site_count + second->site_count) - campaign->unstable_sites) / 2;
  if (campaign->unstable_sites > both) {
    nomem__complain(
        "two runs without any fault allocate in different places (%zu sites in both, %zu in only one): "
        "make the program deterministic (a fixed seed, one thread) first",
        both, campaign->unstable_sites);
    return -EINVAL;
  }
  return 0;
}

/* Leaves out the sites that the user does not mean. */
static int choose_sites(struct nomem__campaign *campaign) {
  const char *pattern = campaign->session->options->sites;
  if (pattern == NULL) return 0;
  int64_t left = nomem__site_filter_apply(pattern, campaign->session->symbols, campaign->sites, campaign->site_count,
                                          campaign->modules, campaign->module_count);
  return left > 0 ? 0 : left == 0 ? -EINVAL : (int)left;
}

/* The calls that test code makes itself are left out: nobody mends a test that does not check them. */
static void leave_tests_out(struct nomem__campaign *campaign) {
  for (size_t i = 0; i < campaign->site_count && campaign->code_owners.is_divided; i++) {
    struct nomem__campaign_site *site = &campaign->sites[i];
    struct nomem__trace trace = {.depth = site->depth};
    for (unsigned f = 0; f < site->depth; f++) {
      unsigned module = NOMEM_FRAME_MODULE(site->frames[f]);
      const char *path = module >= 1 && module <= campaign->module_count ? campaign->modules[module - 1] : "";
      trace.frame[f] = (struct nomem__trace_frame){path, NOMEM_FRAME_OFFSET(site->frames[f]), true};
    }
    site->is_tests = nomem__is_test_call(&campaign->code_owners, &trace);
  }
}

static bool is_chosen(const struct nomem__campaign_site *site) {
  return !site->is_left_out && !site->is_tests;
}

static int make_points(struct nomem__campaign *campaign) {
  const struct nomem__options *options = campaign->session->options;
  uint64_t *counts = calloc(campaign->site_count + 1, sizeof *counts);
  if (counts == NULL) return -ENOMEM;
  for (size_t i = 0; i < campaign->site_count; i++)
    counts[i] = is_chosen(&campaign->sites[i]) ? campaign->sites[i].count : 0;
  struct nomem__schedule schedule = {.counts = counts,
                                     .site_count = campaign->site_count,
                                     .transient = options->faults & NOMEM_FAULT_TRANSIENT,
                                     .persistent = options->faults & NOMEM_FAULT_PERSISTENT,
                                     .max_points = options->max_points};
  schedule.all = options->all || nomem__schedule_everything(&schedule) <= nomem__campaign_quick_runs(campaign);
  struct nomem__point *points = NULL;
  int64_t count = nomem__schedule_make(&schedule, &points, &campaign->calls_scheduled);
  int result = count < 0 ? (int)count : nomem__campaign_add_points(campaign, points, (size_t)count);
  free(points);
  free(counts);
  return result;
}

static int take(struct nomem__campaign *campaign, const struct baseline *first, const struct baseline *second) {
  const struct nomem__options *options = campaign->session->options;
  campaign->baseline_status = first->status;
  campaign->baseline_fatal_deaths =
      first->fatal_deaths > second->fatal_deaths ? first->fatal_deaths : second->fatal_deaths;
  campaign->baseline_us = first->duration_us > second->duration_us ? first->duration_us : second->duration_us;
  campaign->baseline_peak_kb = first->peak_kb;
  campaign->allocations = first->allocations;
  campaign->sites_lost = first->sites_lost;
  campaign->sites = first->sites;
  campaign->site_count = (size_t)first->site_count;
  campaign->modules = first->modules;
  campaign->module_count = (size_t)first->module_count;
  campaign->key_digits = nomem__site_list_digits(campaign->sites, campaign->site_count);
  uint64_t timeout_ms = campaign->baseline_us * TIMEOUT_FACTOR / 1000;
  campaign->timeout_ms = options->timeout_ms != 0        ? options->timeout_ms
                         : timeout_ms > TIMEOUT_LEAST_MS ? timeout_ms
                                                         : TIMEOUT_LEAST_MS;
  leave_tests_out(campaign);
  int result = choose_sites(campaign);
  if (result == 0) result = make_points(campaign);
  if (result == 0) result = nomem__second_faults_know(&campaign->second_faults, campaign->sites, campaign->site_count);
  if (result == 0)
    result = nomem__second_faults_know(&campaign->second_faults, second->sites, (size_t)second->site_count);
  if (result == -ENOMEM) nomem__complain("cannot make the schedule: %s", strerror(ENOMEM));
  return result;
}

/* A program that needs the network or other programs may fail for its isolation alone. */
static int run_isolated_first(struct nomem__campaign *campaign, struct baseline *first, struct baseline *second) {
  int result = run_first(campaign, first, second);
  if (result == 0 && first->status != 0 && second->is_made) {
    free_baseline(second);
    result = run_first(campaign, first, NULL);
  }
  if (result != 0 || first->was_cancelled || first->status == 0) return result;
  if (!nomem__session_drop_isolation(campaign->session)) return 0;
  result = run_first(campaign, first, NULL);
  if (result == 0 && first->status == 0 && !first->was_cancelled)
    nomem__complain("the program fails when it is isolated, so its runs are not%s; --isolate off: expected",
                    campaign->session->jobs > 1 ? ", and may disturb each other" : ", and there is one at a time");
  return result;
}

/* Where a script starts programs of the user's and others of the system's, the first are what he tests. */
static bool chooses_programs(struct nomem__campaign *campaign) {
  const struct nomem__programs *programs = &campaign->programs;
  if (*campaign->session->options->image != '\0' || *programs->own == '\0' || *programs->helpers == '\0') return false;
  nomem__complain("left alone: %s, of the system, beside %s (--image chooses otherwise)", programs->helpers,
                  programs->own);
  nomem__session_choose_image(campaign->session, programs->own);
  return true;
}

int nomem__baseline_run(struct nomem__campaign *campaign) {
  struct baseline first = {0}, second = {0};
  int result = run_isolated_first(campaign, &first, &second);
  if (result == 0 && !first.was_cancelled && first.status == 0 && chooses_programs(campaign)) {
    free_baseline(&second);
    result = run_first(campaign, &first, &second);
  }
  if (result == 0 && !first.was_cancelled) result = make_second(campaign, &first, &second);
  if (result == 0 && !first.was_cancelled && !second.was_cancelled) {
    nomem__baseline_output_compare(&campaign->baseline_output, &second.output, &second.error);
    result = agree(campaign, &first, &second);
    if (result == 0) {
      result = take(campaign, &first, &second);
      first.sites = NULL;
      first.modules = NULL;
    }
  }
  free_baseline(&first);
  free_baseline(&second);
  return result;
}
