/* SPDX-License-Identifier: MIT */
/* nomem explore: suite/exploration.h has its steps. */
#include <errno.h>
#include <string.h>

#include "../campaign/journal.h"
#include "../campaign/site_filter.h"
#include "../profile/code_coverage.h"
#include "../profile/coverage_folder.h"
#include "../report/document.h"
#include "../report/report.h"
#include "../run/ending_signals.h"
#include "../suite/exploration.h"
#include "../text/complain.h"
#include "commands.h"

static void interrupt(void *user) {
  nomem__campaign_cancel_runs(user);
}

static int exit_status(const struct nomem__campaign *campaign) {
  for (size_t i = 0; i < campaign->findings.count; i++)
    if (!campaign->findings.list[i].is_flaky) return NOMEM_EXIT_FINDINGS;
  if (nomem__exploration_was_in_vain(campaign)) return NOMEM_EXIT_UNEXPLORED;
  return campaign->session->interrupted_by != 0 ? NOMEM_EXIT_FAILED : NOMEM_EXIT_CLEAN;
}

/* Without a baseline nothing can be explored, and that is because of what the program does. */
static int status_of_failure(const struct nomem__campaign *campaign) {
  bool is_programs = campaign->worker_count > 0 && campaign->sites == NULL && campaign->session->interrupted_by == 0;
  return is_programs ? NOMEM_EXIT_UNEXPLORED : NOMEM_EXIT_FAILED;
}

/* Writes the reports, and has the store keep them. */
static int report(struct nomem__campaign *campaign) {
  const struct nomem__options *options = campaign->session->options;
  nomem__ending_signals_note();
  json_t *document = nomem__document_make(campaign, campaign->journal != NULL || nomem__reports_are_wanted(options));
  if (document == NULL) {
    nomem__complain("cannot make the report: %s", strerror(EILSEQ));
    return -EILSEQ;
  }
  int result = nomem__code_coverage_put(document, options);
  if (nomem__reports_write(options, document, nomem__report_text) != 0) result = -EIO;
  nomem__journal_keep_report(campaign, document);
  json_decref(document);
  return result;
}

static int explore(struct nomem__campaign *campaign, struct nomem__exclusions *rules) {
  if (nomem__exploration_prepare(campaign) != 0) return status_of_failure(campaign);
  if (nomem__coverage_folder_check(campaign->session->options, true) != 0) return NOMEM_EXIT_FAILED;
  nomem__session_say_isolation(campaign->session);
  int result = nomem__exploration_make_runs(campaign);
  if (nomem__exploration_conclude(campaign, rules) != 0) result = -EILSEQ;
  if (report(campaign) != 0) result = -EIO;
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
