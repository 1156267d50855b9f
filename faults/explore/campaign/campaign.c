/* SPDX-License-Identifier: MIT */
#include "campaign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../report/document.h"
#include "../report/report.h"
#include "../text/complain.h"
#include "../text/json_values.h"
#include "../text/strings.h"
#include "../text/varying_names.h"
#include "baseline.h"
#include "confirm.h"
#include "engines.h"
#include "exclusions.h"
#include "fingerprint.h"
#include "heap_check.h"
#include "journal.h"
#include "residue_check.h"
#include "site_filter.h"

/* By which Automake, Meson, CTest's users and others let a test say that it was skipped. */
#define SKIP_CODE 77

/* A sanitizer ended the process, and what it wrote went elsewhere. */
#define UNSEEN_REPORT "a sanitizer's abort, whose report is not in the standard error of the run"

const char *const nomem__engine_names[NOMEM__ENGINES] = {
    [NOMEM_ENGINE_EXEC] = "exec", [NOMEM_ENGINE_SERVER] = "fork", [NOMEM_ENGINE_SNAPSHOT] = "snapshot"};
/* When all occurrences of all sites take no longer than this, nothing is left out. */
#define EVERYTHING_US UINT64_C(10000000)
/* A run that may hang where others do is looked at after this part of its time: twice as long as the baseline took. */
#define EARLY_PART 5

void nomem__campaign_plan(const struct nomem__campaign *campaign, const struct nomem__point *point, unsigned digits,
                          char *plan) {
  const struct nomem__campaign_site *site = &campaign->sites[point->site];
  uint64_t shown = site->key >> (64 - 4 * digits);
  int length = snprintf(plan, NOMEM_POINT_PLAN_BYTES, "%s=%0*" PRIx64 "@%" PRIu64, point->persistent ? "from" : "site",
                        (int)digits, shown, point->occurrence);
  if (point->second == 0) return;
  unsigned second_digits = digits == NOMEM_KEY_DIGITS_ALL ? digits : campaign->second_faults.digits;
  uint64_t second = nomem__campaign_second(campaign, point) >> (64 - 4 * second_digits);
  snprintf(plan + length, NOMEM_POINT_PLAN_BYTES - (size_t)length, ";site=%0*" PRIx64 "@1", (int)second_digits, second);
}

static bool is_skip_code(const struct nomem__options *options, int status) {
  return status == SKIP_CODE || (options->skip_codes[status / 64] >> status % 64 & 1) != 0;
}

uint64_t nomem__campaign_room(const struct nomem__campaign *campaign) {
  return EVERYTHING_US / (campaign->baseline_us + 1) * campaign->session->jobs;
}

uint64_t nomem__campaign_second(const struct nomem__campaign *campaign, const struct nomem__point *point) {
  return point->second == 0 ? 0 : campaign->second_faults.seconds[point->second - 1];
}

static bool has_died(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  return outcome->end.timed_out || outcome->end.fatal_deaths > campaign->baseline_fatal_deaths;
}

/* Of two faults both must have come, unless the first alone ended it this time. */
static bool is_reached(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome, bool has_second) {
  uint32_t faults = outcome->channel->fault_count;
  return faults > 1 || (faults == 1 && (!has_second || has_died(campaign, outcome)));
}

enum nomem__verdict nomem__campaign_judge(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                                          bool has_second) {
  struct nomem__evidence evidence = {.fault_reached = is_reached(campaign, outcome, has_second),
                                     .timed_out = outcome->end.timed_out,
                                     .root_status = outcome->end.root_status,
                                     .baseline_status = campaign->baseline_status,
                                     .fatal_deaths = outcome->end.fatal_deaths,
                                     .baseline_fatal_deaths = campaign->baseline_fatal_deaths,
                                     .fatal_signal = outcome->end.fatal_signal,
                                     .is_corrupt = nomem__is_corruption_text(outcome->tail)};
  /* Blocks come to lie elsewhere with a block table, which a program may show. */
  bool is_comparable = outcome->channel->watch != NOMEM_WATCH_BLOCK_TABLE || !campaign->residue_check.writes_otherwise;
  if (evidence.root_status == evidence.baseline_status && is_comparable)
    evidence.has_swallowed = nomem__output_is_swallowed(&campaign->baseline_output, &outcome->output, &outcome->error);
  int status = outcome->end.root_status;
  evidence.is_skipped = WIFEXITED(status) && is_skip_code(campaign->session->options, WEXITSTATUS(status));
  evidence.has_report = nomem__has_report(outcome, campaign->session->symbols);
  bool any_exit_counts = campaign->session->options->leaks == NOMEM_LEAKS_ALL && WIFEXITED(status);
  evidence.is_leak = outcome->report.is_leak && !any_exit_counts;
  struct nomem__leak_site left;
  char what[NOMEM_DETAIL_BYTES];
  evidence.was_misused = nomem__residue_check_misuse(campaign, outcome) != NULL ||
                         nomem__residue_check_late_misuse(campaign, outcome) != NULL;
  bool is_looked_at = nomem__residue_check_is_looked_at(campaign, outcome);
  evidence.has_leaked = is_looked_at && nomem__residue_check_leaked(campaign, outcome, &left);
  evidence.has_left_file = nomem__residue_check_file(campaign, outcome) != NULL;
  evidence.has_leftover =
      evidence.has_left_file || (is_looked_at && nomem__residue_check_leftover(campaign, outcome, what, sizeof what));
  if (evidence.fault_reached) evidence.raised_by_test = nomem__raised_by_test(outcome, &campaign->code_owners);
  return nomem__judge(&evidence);
}

void nomem__campaign_give_up(struct nomem__campaign *campaign, int result) {
  if (!campaign->failed) nomem__complain("cannot go on: %s", strerror(-result));
  campaign->failed = true;
}

bool nomem__campaign_is_over(const struct nomem__campaign *campaign) {
  uint64_t budget_ms = campaign->session->options->budget_ms;
  return campaign->failed || campaign->session->interrupted_by != 0 ||
         (budget_ms != 0 && (uv_hrtime() - campaign->started_ns) / 1000000 >= budget_ms);
}

static void say_run(struct nomem__campaign *campaign, const char *plan, enum nomem__verdict verdict,
                    const struct nomem__outcome *outcome) {
  if (!campaign->session->options->verbose) return;
  nomem__progress_clear(&campaign->progress);
  int status = outcome->end.root_status;
  uint64_t written = outcome->output.bytes + outcome->error.bytes;
  fprintf(stderr,
          "nomem: %s: %s (%s %d, %" PRIu64 " bytes written, hash %016" PRIx64 "-%016" PRIx64 ", by %s, %" PRIu64
          " us)\n",
          plan, nomem__verdicts[verdict].name, WIFSIGNALED(status) ? "signal" : "exit",
          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), written, outcome->output.hash,
          outcome->error.hash, nomem__engine_names[campaign->engine], outcome->duration_us);
}

/* How a run ended, where its verdict does not say it all. */
void nomem__campaign_describe(const struct nomem__campaign *campaign, struct nomem__found *found,
                              struct nomem__leak_site *left, char *detail) {
  const size_t detail_bytes = NOMEM_DETAIL_BYTES;
  const struct nomem__outcome *outcome = found->outcome;
  const struct nomem__created_file *file = nomem__residue_check_file(campaign, outcome);
  const char *first_path = nomem__residue_check_first_path(campaign, found->rank);
  detail[0] = '\0';
  found->detail = detail;
  found->left = nomem__residue_check_leaked(campaign, outcome, left) ? left : NULL;
  found->misuse = nomem__residue_check_misuse(campaign, outcome);
  found->late = nomem__residue_check_late_misuse(campaign, outcome);
  found->left_file = file != NULL ? nomem__names_hash(file->path, first_path) : 0;
  if (found->verdict == NOMEM_VERDICT_SWALLOWED)
    nomem__output_difference(&campaign->baseline_output, &outcome->output, detail, detail_bytes);
  if (found->verdict == NOMEM_VERDICT_SANITIZER)
    snprintf(detail, detail_bytes, "%s", outcome->report.kind[0] != '\0' ? outcome->report.kind : UNSEEN_REPORT);
  if (found->verdict == NOMEM_VERDICT_LEAK || found->verdict == NOMEM_VERDICT_CORRUPTION)
    nomem__residue_check_describe(found, detail, detail_bytes);
  size_t used = strlen(detail);
  if (found->verdict == NOMEM_VERDICT_LEAK && file != NULL)
    used += (size_t)snprintf(detail + used, detail_bytes - used, "; and ");
  if (file != NULL && (found->verdict == NOMEM_VERDICT_LEAK || found->verdict == NOMEM_VERDICT_LEFTOVER))
    nomem__created_files_describe(file, first_path, detail + used, detail_bytes - used);
  else if (found->verdict == NOMEM_VERDICT_LEFTOVER)
    nomem__residue_check_leftover(campaign, outcome, detail, detail_bytes);
}

static size_t count_findings(const struct nomem__findings *findings, bool strict) {
  size_t count = 0;
  for (size_t i = 0; i < findings->count; i++) count += nomem__verdict_counts(findings->list[i].verdict, strict);
  return count;
}

/* Where a program went on after its first fault, it may have come to calls that it never makes otherwise. */
static void note_recovery(struct nomem__campaign *campaign, const struct nomem__point *point,
                          const struct nomem__outcome *outcome) {
  if (point->occurrence != 1 || point->persistent || point->second != 0 || has_died(campaign, outcome)) return;
  int result = nomem__second_faults_note(campaign, point->site, outcome->channel);
  if (result != 0) nomem__campaign_give_up(campaign, result);
}

/* A run that hangs in a loop which is known to be endless need not be waited for to the end. */
uint64_t nomem__campaign_early_ms(const struct nomem__worker_slot *slot) {
  const struct nomem__findings *lists[] = {&slot->findings, &slot->campaign->findings};
  for (size_t list = 0; list < 2; list++)
    for (size_t i = 0; i < lists[list]->count; i++)
      if (lists[list]->list[i].verdict == NOMEM_VERDICT_HANG) return slot->campaign->timeout_ms / EARLY_PART;
  return 0;
}

/* Adds a run to the findings. Returns 0, or as nomem__findings_add does. */
static int add_finding(struct nomem__worker_slot *slot, const struct nomem__outcome *outcome, size_t rank,
                       enum nomem__verdict verdict, const char *plan) {
  struct nomem__campaign *campaign = slot->campaign;
  char detail[NOMEM_DETAIL_BYTES];
  struct nomem__leak_site left;
  struct nomem__found found = {.verdict = verdict,
                               .outcome = outcome,
                               .point = campaign->points[rank],
                               .rank = rank,
                               .plan = plan,
                               .is_early = outcome->is_early && verdict == NOMEM_VERDICT_HANG};
  const struct nomem__finding *finding = NULL;
  nomem__campaign_describe(campaign, &found, &left, detail);
  int result = nomem__findings_add(&slot->findings, &found, &campaign->code_owners, &finding);
  if (result == -ENOENT) result = nomem__findings_add(&campaign->findings, &found, &campaign->code_owners, &finding);
  if (result != 0) return result;
  campaign->early_count += found.is_early;
  bool is_shown = finding->rank == rank;
  nomem__store_keep(slot, outcome, rank, &finding->hash, is_shown ? finding : NULL);
  bool strict = campaign->session->options->strict;
  campaign->progress.findings = count_findings(&campaign->findings, strict) + count_findings(&slot->findings, strict);
  return 0;
}

bool nomem__campaign_enter(struct nomem__worker_slot *slot, const struct nomem__outcome *outcome, size_t rank) {
  struct nomem__campaign *campaign = slot->campaign;
  const struct nomem__point *point = &campaign->points[rank];
  enum nomem__verdict verdict = nomem__campaign_judge(campaign, outcome, point->second != 0);
  bool was_made = campaign->residue_check.is_due[rank] || campaign->heap.is_looking;
  bool had_block_table = outcome->channel->watch == NOMEM_WATCH_BLOCK_TABLE;
  /* One that had ended well is looked at for what it did to the heap, and for nothing else. */
  bool is_well = campaign->heap.is_looking && verdict > NOMEM_VERDICT_ABORT;
  /* It did not hang before: what takes so long is the look for leaks. */
  bool is_slow = outcome->channel->check_leaks && verdict == NOMEM_VERDICT_HANG;
  if (is_well || is_slow) verdict = (enum nomem__verdict)(campaign->results[rank] - 1);
  char plan[NOMEM_POINT_PLAN_BYTES];
  nomem__campaign_plan(campaign, point, campaign->key_digits, plan);
  campaign->results[rank] = (uint8_t)(verdict + 1);
  campaign->residue_check.is_due[rank] = nomem__residue_check_is_due(campaign, outcome, verdict);
  if (campaign->residue_check.is_due[rank]) nomem__residue_check_note(campaign, outcome, rank);
  campaign->residue_check.had_block_table[rank] = had_block_table;
  note_recovery(campaign, point, outcome);
  int result = 0;
  if (outcome->is_early && verdict == NOMEM_VERDICT_UNREACHED)
    result = -ENOENT;
  else if (campaign->residue_check.is_due[rank])
    campaign->progress.total++; /* once more, and then it counts */
  else if (nomem__verdict_is_shown(verdict))
    result = add_finding(slot, outcome, rank, verdict, plan);
  else
    nomem__store_keep(slot, outcome, rank, NULL, NULL);
  if (result == -ENOENT) {
    campaign->results[rank] = 0;
    return false;
  }
  if (result != 0) nomem__campaign_give_up(campaign, result);
  campaign->engines[campaign->engine] += !was_made;
  say_run(campaign, plan, verdict, outcome);
  campaign->progress.done++;
  return true;
}

static void interrupt(void *user) {
  struct nomem__campaign *campaign = user;
  for (unsigned i = 0; i < campaign->worker_count; i++) nomem__worker_cancel(campaign->workers[i].worker);
}

static void count_results(struct nomem__campaign *campaign) {
  for (size_t i = 0; i < campaign->point_count; i++) {
    if (campaign->results[i] == 0 || campaign->results[i] == NOMEM__ELSEWHERE) continue;
    enum nomem__verdict verdict = (enum nomem__verdict)(campaign->results[i] - 1);
    struct nomem__campaign_site *site = &campaign->sites[campaign->points[i].site];
    campaign->verdicts[verdict]++;
    site->tried++;
    if (verdict < site->worst) site->worst = verdict;
  }
}

static int leave_to_other_shards(struct nomem__campaign *campaign) {
  const struct nomem__options *options = campaign->session->options;
  campaign->known = calloc(campaign->point_count + 1, sizeof *campaign->known);
  campaign->residue_check.is_due = calloc(campaign->point_count + 1, sizeof *campaign->residue_check.is_due);
  campaign->residue_check.had_block_table =
      calloc(campaign->point_count + 1, sizeof *campaign->residue_check.had_block_table);
  if (campaign->known == NULL || campaign->residue_check.is_due == NULL ||
      campaign->residue_check.had_block_table == NULL)
    return -ENOMEM;
  for (size_t i = 0; i < campaign->point_count && options->shards != 0; i++) {
    const struct nomem__point *point = &campaign->points[i];
    if (nomem__is_in_shard(campaign->sites[point->site].key, point, options->shard, options->shards)) continue;
    campaign->results[i] = NOMEM__ELSEWHERE;
    campaign->known[i] = true;
  }
  return 0;
}

/* Once it is known where the first faults lead to. */
static void explore_recoveries(struct nomem__campaign *campaign) {
  size_t from = campaign->point_count;
  int result = nomem__store_schedule_seconds(campaign);
  if (result != 0) nomem__campaign_give_up(campaign, result);
  for (size_t i = from; i < campaign->point_count; i++) campaign->progress.total += campaign->results[i] == 0;
  if (from < campaign->point_count) nomem__engines_run(campaign);
}

static int explore_points(struct nomem__campaign *campaign) {
  struct nomem__session *session = campaign->session;
  size_t due = 0;
  for (size_t i = 0; i < campaign->point_count; i++) due += campaign->results[i] == 0;
  nomem__progress_start(&campaign->progress, &session->loop, due);
  nomem__engines_run(campaign);
  uint64_t first_ns = uv_hrtime() - campaign->started_ns;
  explore_recoveries(campaign);
  nomem__residue_runs_run(campaign);
  nomem__heap_check_run(campaign, first_ns);
  nomem__findings_fold_leaks(&campaign->findings, campaign->session->symbols);
  nomem__confirm_start(campaign);
  nomem__session_run(session);
  nomem__confirm_end(campaign);
  nomem__progress_stop(&campaign->progress);
  nomem__session_run(session);
  count_results(campaign);
  return campaign->failed ? -ECANCELED : 0;
}

/* Opens workers until there are so many. */
static int open_workers(struct nomem__campaign *campaign, unsigned count) {
  struct nomem__session *session = campaign->session;
  for (unsigned i = campaign->worker_count; i < count; i++) {
    struct nomem__worker_slot *slot = &campaign->workers[i];
    slot->campaign = campaign;
    int result = nomem__worker_open(session->trees, &session->loop, &session->setup, &slot->worker);
    if (result != 0) {
      nomem__complain("cannot make a worker: %s", strerror(-result));
      return result;
    }
    campaign->worker_count++;
    if (session->options->leaks != NOMEM_LEAKS_OFF && session->setup.trace)
      campaign->residue_check.watch = NOMEM_WATCH_LIVE;
    nomem__worker_watch_blocks(slot->worker, campaign->residue_check.watch);
  }
  return 0;
}

static int exit_status(const struct nomem__campaign *campaign) {
  for (size_t i = 0; i < campaign->findings.count; i++)
    if (!campaign->findings.list[i].is_flaky) return NOMEM_EXIT_FINDINGS;
  return campaign->session->interrupted_by != 0 ? NOMEM_EXIT_FAILED : NOMEM_EXIT_CLEAN;
}

/* What is set aside is kept in the store all the same: rules change. */
static int conclude(struct nomem__campaign *campaign, struct nomem__exclusions *rules) {
  json_t *documents = nomem__document_findings(campaign);
  if (documents == NULL) {
    nomem__complain("cannot make the report: %s", strerror(ENOMEM));
    return -ENOMEM;
  }
  for (size_t i = 0; i < campaign->findings.count; i++)
    snprintf(campaign->findings.list[i].id, NOMEM_FINDING_ID_BYTES, "%s",
             nomem__json_string(json_array_get(documents, i), "id"));
  nomem__exclusions_mark(rules, campaign, documents);
  nomem__store_end_campaign(campaign, documents);
  json_decref(documents);
  if (campaign->session->options->verbose) nomem__exclusions_say_unused(rules);
  return nomem__exclusions_split(campaign);
}

/* All runs begin with what the baselines met, so that what comes only after a fault is told from it. */
static int know_baselines(struct nomem__campaign *campaign) {
  campaign->tables = nomem__worker_tables(campaign->workers[0].worker);
  if (campaign->tables == NULL) {
    nomem__complain("cannot go on: %s", strerror(ENOMEM));
    return -ENOMEM;
  }
  for (unsigned i = 0; i < campaign->worker_count; i++)
    nomem__worker_know(campaign->workers[i].worker, campaign->tables);
  return 0;
}

static int explore(struct nomem__campaign *campaign, struct nomem__exclusions *rules) {
  if (open_workers(campaign, campaign->session->jobs > 1 ? 2 : 1) != 0 || nomem__baseline_run(campaign) != 0)
    return NOMEM_EXIT_FAILED;
  while (campaign->worker_count > campaign->session->jobs)
    nomem__worker_close(campaign->workers[--campaign->worker_count].worker);
  if (nomem__engines_check(campaign) != 0) return NOMEM_EXIT_FAILED;
  if (open_workers(campaign, campaign->session->jobs) != 0 || know_baselines(campaign) != 0) return NOMEM_EXIT_FAILED;
  bool refresh = nomem__engines_need_fresh_files(campaign);
  for (unsigned i = 0; i < campaign->worker_count; i++)
    nomem__worker_refresh_files(campaign->workers[i].worker, refresh);
  if (campaign->session->interrupted_by != 0) {
    nomem__complain("interrupted before the first point");
    return NOMEM_EXIT_FAILED;
  }
  if (leave_to_other_shards(campaign) != 0 || nomem__store_open_campaign(campaign) != 0) return NOMEM_EXIT_FAILED;
  /* Kept for a later campaign that is to fail the second call, or used by this one. */
  campaign->session->setup.notes_recoveries =
      campaign->store != NULL || (campaign->session->options->faults & NOMEM_FAULT_SECOND) != 0;
  nomem__session_say_isolation(campaign->session);
  campaign->started_ns = uv_hrtime();
  int result = explore_points(campaign);
  campaign->ended_ns = uv_hrtime();
  nomem__findings_sort(&campaign->findings);
  if (conclude(campaign, rules) != 0) result = -ENOMEM;
  if (nomem__reports_write(campaign) != 0) result = -EIO;
  return result != 0 ? NOMEM_EXIT_FAILED : exit_status(campaign);
}

void nomem__campaign_free(struct nomem__campaign *campaign) {
  for (unsigned i = 0; i < campaign->worker_count; i++) nomem__worker_close(campaign->workers[i].worker);
  nomem__findings_free(&campaign->findings);
  nomem__findings_free(&campaign->excluded);
  nomem__store_close_campaign(campaign);
  nomem__baseline_output_free(&campaign->baseline_output);
  free(campaign->sites);
  free(campaign->modules);
  free(campaign->points);
  free(campaign->results);
  free(campaign->known);
  nomem__residue_check_free(&campaign->residue_check);
  nomem__code_owners_free(&campaign->code_owners);
  nomem__strings_free(&campaign->reported_errors);
  free(campaign->tables);
  nomem__second_faults_free(&campaign->second_faults);
}

int nomem__explore(const struct nomem__options *options) {
  struct nomem__session session;
  if (options->sites != NULL && !nomem__site_filter_check(options->sites)) return NOMEM_EXIT_FAILED;
  if (nomem__reports_check(options) != 0) return NOMEM_EXIT_FAILED;
  if (nomem__session_open(&session, options, false) != 0) return NOMEM_EXIT_FAILED;
  static struct nomem__campaign campaign; /* one command, one campaign */
  campaign.session = &session;
  session.on_interrupt = interrupt;
  session.user = &campaign;
  struct nomem__exclusions rules = {0};
  int status = nomem__exclusions_open(&rules, options) == 0 ? explore(&campaign, &rules) : NOMEM_EXIT_FAILED;
  nomem__exclusions_close(&rules);
  nomem__campaign_free(&campaign);
  nomem__session_close(&session);
  return status;
}
