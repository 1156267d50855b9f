/* SPDX-License-Identifier: MIT */
/* nomem explore, step by step: each step is a module of campaign/ or report/. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../campaign/baseline.h"
#include "../campaign/confirm.h"
#include "../campaign/coverage.h"
#include "../campaign/engine_choice.h"
#include "../campaign/engines.h"
#include "../campaign/exclusions.h"
#include "../campaign/heap_check.h"
#include "../campaign/journal.h"
#include "../campaign/residue_runs.h"
#include "../campaign/results.h"
#include "../campaign/site_filter.h"
#include "../report/document.h"
#include "../report/report.h"
#include "../text/complain.h"
#include "../text/json_values.h"
#include "commands.h"

static void interrupt(void *user) {
  nomem__campaign_cancel_runs(user);
}

/* Every run begins with the sites of the baselines, so that what the program does only after a fault is told apart. */
static int share_known_sites(struct nomem__campaign *campaign) {
  campaign->tables = nomem__worker_copy_tables(campaign->workers[0].worker);
  for (unsigned i = 0; i < campaign->worker_count; i++)
    nomem__worker_use_tables(campaign->workers[i].worker, campaign->tables);
  return 0;
}

/* Runs the program without a fault and opens the workers for all other runs. */
static int prepare_runs(struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  int result = nomem__campaign_set_workers(campaign, session->jobs > 1 ? 2 : 1);
  if (result == 0) result = nomem__baseline_run(campaign);
  if (result == 0) result = nomem__engines_check(campaign);
  if (result == 0) result = nomem__campaign_set_workers(campaign, session->jobs);
  if (result == 0) result = share_known_sites(campaign);
  if (result != 0) return result;
  campaign->keeps_files = !nomem__engine_needs_fresh_files(campaign->effects, session->setup.isolation != NULL);
  if (session->interrupted_by == 0) return 0;
  nomem__complain("interrupted before the first point");
  return -EINTR;
}

/* Decides which points are tried, and enters what the store knows of them. */
static int prepare_points(struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  nomem__campaign_leave_to_other_shards(campaign);
  int result = nomem__journal_open(campaign);
  /* Second faults are noted for this campaign, or for a later one that is to fail the second call. */
  campaign->notes_recoveries = campaign->journal != NULL || (session->options->faults & NOMEM_FAULT_SECOND) != 0;
  return result;
}

/* Once it is known where the first faults lead to. */
static void explore_second_faults(struct nomem__campaign *campaign) {
  size_t due = nomem__campaign_count_due(campaign), from = campaign->point_count;
  nomem__journal_schedule_second_faults(campaign);
  campaign->progress.total += nomem__campaign_count_due(campaign) - due;
  if (from < campaign->point_count) nomem__engines_run(campaign);
}

static int explore_points(struct nomem__campaign *campaign) {
  struct nomem__session *session = campaign->session;
  campaign->started_ns = uv_hrtime();
  nomem__progress_start(&campaign->progress, &session->loop, nomem__campaign_count_due(campaign));
  nomem__engines_run(campaign);
  uint64_t first_faults_ns = uv_hrtime() - campaign->started_ns;
  explore_second_faults(campaign);
  nomem__residue_runs_make_due(campaign);
  nomem__heap_check_run(campaign, first_faults_ns);
  nomem__findings_merge_persistent(&campaign->findings, session->symbols);
  nomem__confirm_findings(campaign);
  nomem__progress_stop(&campaign->progress);
  nomem__session_run(session);
  nomem__results_count(campaign);
  campaign->ended_ns = uv_hrtime();
  return campaign->failed ? -ECANCELED : 0;
}

/* Names the findings, excludes those that do not count, and keeps all of them in the store: the rules may change. */
static int conclude(struct nomem__campaign *campaign, struct nomem__exclusions *rules) {
  nomem__findings_sort(&campaign->findings);
  json_t *documents = nomem__document_make_findings(campaign);
  if (documents == NULL) {
    nomem__complain("cannot make the report: %s", strerror(EILSEQ));
    return -EILSEQ;
  }
  for (size_t i = 0; i < campaign->findings.count; i++)
    snprintf(campaign->findings.list[i].id, NOMEM_FINDING_ID_BYTES, "%s",
             nomem__json_string(json_array_get(documents, i), "id"));
  nomem__exclusions_mark(rules, campaign, documents);
  nomem__journal_write_end(campaign, documents);
  json_decref(documents);
  if (campaign->session->options->verbose) nomem__exclusions_say_unused(rules);
  nomem__exclusions_split(campaign);
  return 0;
}

/* That there are no findings would be no news. */
static bool was_in_vain(const struct nomem__campaign *campaign) {
  const struct nomem__coverage coverage = nomem__coverage_of(campaign);
  if (!nomem__coverage_is_empty(&coverage) || campaign->session->interrupted_by != 0) return false;
  if (coverage.untried[NOMEM_UNTRIED_UNREACHED] == 0)
    nomem__complain("nothing was exercised: the time was up before the first call had failed: give more with --budget");
  else
    nomem__complain(
        "nothing was exercised: no run made the call again that was to fail in it: make the program deterministic (a "
        "fixed seed, one thread) first");
  return true;
}

static int exit_status(const struct nomem__campaign *campaign) {
  for (size_t i = 0; i < campaign->findings.count; i++)
    if (!campaign->findings.list[i].is_flaky) return NOMEM_EXIT_FINDINGS;
  if (was_in_vain(campaign)) return NOMEM_EXIT_FAILED;
  return campaign->session->interrupted_by != 0 ? NOMEM_EXIT_FAILED : NOMEM_EXIT_CLEAN;
}

static int explore(struct nomem__campaign *campaign, struct nomem__exclusions *rules) {
  if (prepare_runs(campaign) != 0 || prepare_points(campaign) != 0) return NOMEM_EXIT_FAILED;
  nomem__session_say_isolation(campaign->session);
  int result = explore_points(campaign);
  if (conclude(campaign, rules) != 0) result = -EILSEQ;
  if (nomem__reports_write(campaign) != 0) result = -EIO;
  bool has_failed = result != 0 || nomem__journal_has_failed(campaign);
  return has_failed ? NOMEM_EXIT_FAILED : exit_status(campaign);
}

/* An open session's campaign, from its first run to its report. */
static int run_campaign(struct nomem__session *session, struct nomem__exclusions *rules) {
  bool is_watched = session->options->leaks != NOMEM_LEAKS_OFF && session->setup.trace;
  struct nomem__campaign *campaign = nomem__campaign_new(session, is_watched ? NOMEM_WATCH_LIVE : NOMEM_WATCH_NONE);
  session->on_interrupt = interrupt;
  session->user = campaign;
  int status = explore(campaign, rules);
  nomem__journal_close(campaign);
  nomem__campaign_free(campaign);
  session->on_interrupt = NULL;
  return status;
}

int nomem__explore(const struct nomem__options *options) {
  static struct nomem__session session;
  struct nomem__exclusions rules = {0};
  if (options->sites != NULL && !nomem__site_filter_check(options->sites)) return NOMEM_EXIT_FAILED;
  if (nomem__reports_check(options) != 0) return NOMEM_EXIT_FAILED;
  if (nomem__session_open(&session, options, false) != 0) return NOMEM_EXIT_FAILED;
  int status = NOMEM_EXIT_FAILED;
  if (nomem__exclusions_open(&rules, options) == 0) status = run_campaign(&session, &rules);
  nomem__exclusions_close(&rules);
  nomem__session_close(&session);
  return status;
}
