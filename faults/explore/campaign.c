#include "campaign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "preflight.h"
#include "report.h"

/* The shortest plan text of a point. */
static void point_plan(const struct nomem__campaign *campaign, const struct nomem__point *point, char *plan) {
  const struct nomem__campaign_site *site = &campaign->sites[point->site];
  uint64_t shown = site->key >> (64 - 4 * campaign->key_digits);
  snprintf(plan, NOMEM_POINT_PLAN_BYTES, "%s=%0*" PRIx64 "@%" PRIu64, point->persistent ? "from" : "site",
           (int)campaign->key_digits, shown, point->occurrence);
}

static enum nomem__verdict judge(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  struct nomem__evidence evidence = {.fault_reached = outcome->channel->fault_count > 0,
                                     .timed_out = outcome->end.timed_out,
                                     .root_status = outcome->end.root_status,
                                     .baseline_status = campaign->baseline_status,
                                     .fatal_deaths = outcome->end.fatal_deaths,
                                     .baseline_fatal_deaths = campaign->baseline_fatal_deaths,
                                     .fatal_signal = outcome->end.fatal_signal};
  if (evidence.fault_reached) evidence.raised_by_test = nomem__raised_by_test(outcome, campaign->session->symbols);
  return nomem__oracle_verdict(&evidence);
}

static void give_up(struct nomem__campaign *campaign, const char *what, int result) {
  if (!campaign->failed) nomem__complain("%s: %s", what, strerror(-result));
  campaign->failed = true;
}

static bool is_over(const struct nomem__campaign *campaign) {
  return campaign->failed || campaign->session->interrupted_by != 0;
}

static void point_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

/* Gives the worker the next point, or leaves it idle when there is none. */
static void next_point(struct nomem__campaign *campaign, struct nomem__worker *worker) {
  if (is_over(campaign) || campaign->next_point == campaign->point_count) return;
  char plan[NOMEM_POINT_PLAN_BYTES];
  point_plan(campaign, &campaign->points[campaign->next_point], plan);
  int result = nomem__worker_start(worker, plan, campaign->timeout_ms, point_done, campaign);
  if (result != 0) {
    give_up(campaign, "cannot start a run", result);
    return;
  }
  nomem__worker_label(worker, campaign->next_point++);
  campaign->running++;
}

static void say_run(struct nomem__campaign *campaign, const char *plan, enum nomem__verdict verdict,
                    const struct nomem__outcome *outcome) {
  if (!campaign->session->options->verbose) return;
  nomem__progress_clear(&campaign->progress);
  fprintf(stderr, "nomem: %s: %s (%" PRIu64 " us)\n", plan, nomem__verdicts[verdict].name, outcome->duration_us);
}

static void point_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign *campaign = user;
  campaign->running--;
  if (outcome->end.was_cancelled) return;
  size_t rank = nomem__worker_label_of(worker);
  const struct nomem__point *point = &campaign->points[rank];
  enum nomem__verdict verdict = judge(campaign, outcome);
  campaign->verdicts[verdict]++;
  struct nomem__campaign_site *site = &campaign->sites[point->site];
  site->tried++;
  if (verdict < site->worst) site->worst = verdict;
  char plan[NOMEM_POINT_PLAN_BYTES];
  point_plan(campaign, point, plan);
  if (nomem__verdicts[verdict].is_finding) {
    const struct nomem__found found = {verdict, outcome, *point, rank, plan};
    int result = nomem__findings_add(&campaign->findings, &found, campaign->session->symbols);
    if (result != 0) give_up(campaign, "cannot keep a finding", result);
  }
  say_run(campaign, plan, verdict, outcome);
  campaign->progress.done++;
  campaign->progress.findings = campaign->findings.count;
  next_point(campaign, worker);
}

static void confirm_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

/* Every finding's exemplar is run once more, alone: one that then ends otherwise is not counted. */
static void confirm_next(struct nomem__campaign *campaign) {
  if (is_over(campaign) || campaign->confirmed == campaign->findings.count) return;
  const struct nomem__finding *finding = &campaign->findings.list[campaign->confirmed];
  int result =
      nomem__worker_start(campaign->workers[0], finding->plan, campaign->timeout_ms, confirm_done, campaign);
  if (result != 0) give_up(campaign, "cannot start a run", result);
}

static void confirm_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign *campaign = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  struct nomem__finding *finding = &campaign->findings.list[campaign->confirmed++];
  finding->is_flaky = judge(campaign, outcome) != finding->verdict;
  confirm_next(campaign);
}

static void interrupt(void *user) {
  struct nomem__campaign *campaign = user;
  for (unsigned i = 0; i < campaign->worker_count; i++) nomem__worker_cancel(campaign->workers[i]);
}

static int explore_points(struct nomem__campaign *campaign) {
  struct nomem__session *session = campaign->session;
  nomem__progress_start(&campaign->progress, &session->loop, campaign->point_count);
  for (unsigned i = 0; i < campaign->worker_count; i++) next_point(campaign, campaign->workers[i]);
  nomem__session_run(session);
  confirm_next(campaign);
  nomem__session_run(session);
  nomem__progress_stop(&campaign->progress);
  nomem__session_run(session);
  return campaign->failed ? -ECANCELED : 0;
}

static int open_workers(struct nomem__campaign *campaign) {
  struct nomem__session *session = campaign->session;
  for (unsigned i = 0; i < session->options->jobs; i++) {
    int result = nomem__worker_open(session->trees, &session->loop, &session->setup, &campaign->workers[i]);
    if (result != 0) {
      nomem__complain("cannot make a worker: %s", strerror(-result));
      return result;
    }
    campaign->worker_count++;
  }
  return 0;
}

static int exit_status(const struct nomem__campaign *campaign) {
  for (size_t i = 0; i < campaign->findings.count; i++)
    if (!campaign->findings.list[i].is_flaky) return NOMEM_EXIT_FINDINGS;
  return campaign->session->interrupted_by != 0 ? NOMEM_EXIT_FAILED : NOMEM_EXIT_CLEAN;
}

static int explore(struct nomem__campaign *campaign) {
  if (open_workers(campaign) != 0 || nomem__preflight(campaign) != 0) return NOMEM_EXIT_FAILED;
  if (campaign->session->interrupted_by != 0) {
    nomem__complain("interrupted before the first point");
    return NOMEM_EXIT_FAILED;
  }
  campaign->started_ns = uv_hrtime();
  int result = explore_points(campaign);
  campaign->ended_ns = uv_hrtime();
  nomem__findings_sort(&campaign->findings);
  if (nomem__reports_write(campaign) != 0) result = -EIO;
  return result != 0 ? NOMEM_EXIT_FAILED : exit_status(campaign);
}

int nomem__explore(const struct nomem__options *options) {
  struct nomem__session session;
  if (nomem__reports_check(options) != 0) return NOMEM_EXIT_FAILED;
  if (nomem__session_open(&session, options, false) != 0) return NOMEM_EXIT_FAILED;
  static struct nomem__campaign campaign; /* one command, one campaign */
  campaign.session = &session;
  session.on_interrupt = interrupt;
  session.user = &campaign;
  int status = explore(&campaign);
  for (unsigned i = 0; i < campaign.worker_count; i++) nomem__worker_close(campaign.workers[i]);
  nomem__findings_free(&campaign.findings);
  free(campaign.sites);
  free(campaign.modules);
  free(campaign.points);
  nomem__session_close(&session);
  return status;
}
