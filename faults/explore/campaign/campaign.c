/* SPDX-License-Identifier: MIT */
#include "campaign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../text/complain.h"
#include "../text/error_text.h"
#include "../text/memory.h"
#include "schedule.h"

const char *const nomem__engine_names[NOMEM__ENGINES] = {
    [NOMEM_ENGINE_EXEC] = "exec", [NOMEM_ENGINE_SERVER] = "fork", [NOMEM_ENGINE_SNAPSHOT] = "snapshot"};

struct nomem__campaign *nomem__campaign_new(struct nomem__session *session, enum nomem_watch watch) {
  struct nomem__campaign *campaign = nomem__calloc(1, sizeof *campaign);
  campaign->session = session;
  campaign->residue_check.watch = watch;
  nomem__caught_signals_open(&campaign->caught_signals, session->symbols, &campaign->code_owners);
  return campaign;
}

void nomem__campaign_free(struct nomem__campaign *campaign) {
  if (campaign == NULL) return;
  for (unsigned i = 0; i < campaign->worker_count; i++) nomem__worker_close(campaign->workers[i].worker);
  for (unsigned i = 0; i < campaign->worker_count; i++) nomem__findings_free(&campaign->workers[i].findings);
  nomem__findings_free(&campaign->findings);
  nomem__findings_free(&campaign->excluded);
  nomem__baseline_output_free(&campaign->baseline_output);
  nomem__baseline_files_free(&campaign->baseline_files);
  nomem__executed_programs_clear(&campaign->not_injected);
  free(campaign->sites);
  free(campaign->modules);
  free(campaign->points);
  free(campaign->states);
  nomem__residue_check_free(&campaign->residue_check);
  nomem__code_owners_free(&campaign->code_owners);
  nomem__strings_free(&campaign->reported_errors);
  free(campaign->tables);
  nomem__second_faults_free(&campaign->second_faults);
  nomem__tested_modules_free(&campaign->interpreter.tested);
  free(campaign);
}

static int open_worker(struct nomem__campaign *campaign, struct nomem__worker_slot *slot) {
  struct nomem__session *session = campaign->session;
  slot->campaign = campaign;
  int result = nomem__worker_open(session->trees, &session->loop, &session->setup, &slot->worker);
  if (result != 0) {
    nomem__complain("cannot make a worker: %s", nomem__error_text(-result));
    return result;
  }
  return 0;
}

int nomem__campaign_set_workers(struct nomem__campaign *campaign, unsigned count) {
  while (campaign->worker_count > count) nomem__worker_close(campaign->workers[--campaign->worker_count].worker);
  int result = 0;
  while (campaign->worker_count < count && result == 0) {
    result = open_worker(campaign, &campaign->workers[campaign->worker_count]);
    campaign->worker_count += result == 0;
  }
  return result;
}

void nomem__campaign_cancel_runs(struct nomem__campaign *campaign) {
  for (unsigned i = 0; i < campaign->worker_count; i++) nomem__worker_cancel(campaign->workers[i].worker);
}

void nomem__campaign_take_points(struct nomem__campaign *campaign, struct nomem__point *points, size_t count) {
  free(campaign->points);
  free(campaign->states);
  campaign->points = points;
  campaign->point_count = count;
  campaign->states = nomem__calloc(count + 1, sizeof *campaign->states);
}

void nomem__campaign_add_points(struct nomem__campaign *campaign, const struct nomem__point *points, size_t count) {
  size_t from = campaign->point_count, to = from + count;
  campaign->points = nomem__realloc(campaign->points, (to + 1) * sizeof *campaign->points);
  campaign->states = nomem__realloc(campaign->states, (to + 1) * sizeof *campaign->states);
  if (count > 0) memcpy(campaign->points + from, points, count * sizeof *points);
  memset(campaign->states + from, 0, (count + 1) * sizeof *campaign->states);
  campaign->point_count = to;
}

void nomem__campaign_leave_to_other_shards(struct nomem__campaign *campaign) {
  const struct nomem__options *options = campaign->session->options;
  for (size_t i = 0; i < campaign->point_count && options->shards != 0; i++) {
    const struct nomem__point *point = &campaign->points[i];
    if (nomem__is_in_shard(campaign->sites[point->site].key, point, options->shard, options->shards)) continue;
    campaign->states[i].result = NOMEM__ELSEWHERE;
    campaign->states[i].is_known = true;
  }
}

bool nomem__point_is_tried(const struct nomem__point_state *state) {
  return state->result != 0 && state->result != NOMEM__ELSEWHERE;
}

size_t nomem__campaign_count_due(const struct nomem__campaign *campaign) {
  size_t due = 0;
  for (size_t i = 0; i < campaign->point_count; i++) due += campaign->states[i].result == 0;
  return due;
}

/* Only a site whose first call was failed in this campaign, by whichever command, may have led to others: not one of
 * another shard. */
static bool *find_tried_sites(const struct nomem__campaign *campaign) {
  bool *was_tried = nomem__calloc(campaign->site_count + 1, sizeof *was_tried);
  for (size_t i = 0; i < campaign->point_count; i++) {
    const struct nomem__point *point = &campaign->points[i];
    if (nomem__point_is_tried(&campaign->states[i]) && point->occurrence == 1 && !point->persistent)
      was_tried[point->site] = true;
  }
  return was_tried;
}

/* A second key needs as many digits as tell it from all sites and all other second keys. */
static void count_second_digits(struct nomem__campaign *campaign) {
  struct nomem__second_faults *second_faults = &campaign->second_faults;
  size_t count = campaign->site_count + second_faults->second_count;
  uint64_t *keys = nomem__calloc(count + 1, sizeof *keys);
  for (size_t i = 0; i < campaign->site_count; i++) keys[i] = campaign->sites[i].key;
  if (second_faults->second_count > 0)
    memcpy(keys + campaign->site_count, second_faults->seconds, second_faults->second_count * sizeof *keys);
  second_faults->digits = nomem__key_digits(keys, count);
  free(keys);
}

static void add_second_points(struct nomem__campaign *campaign, const struct nomem__second_fault *chosen,
                              size_t count) {
  struct nomem__point *points = nomem__calloc(count + 1, sizeof *points);
  for (size_t i = 0; i < count; i++)
    points[i] = (struct nomem__point){
        .occurrence = 1, .site = chosen[i].site, .second = (uint32_t)(i + 1) & NOMEM__SECOND_MASK};
  nomem__campaign_add_points(campaign, points, count);
  free(points);
}

void nomem__campaign_schedule_second_faults(struct nomem__campaign *campaign) {
  const struct nomem__options *options = campaign->session->options;
  struct nomem__second_faults *second_faults = &campaign->second_faults;
  if (second_faults->is_scheduled || second_faults->count == 0 || !(options->faults & NOMEM_FAULT_SECOND)) return;
  second_faults->is_scheduled = true;
  bool *was_tried = find_tried_sites(campaign);
  const struct nomem__second_choice choice = {.was_tried = was_tried,
                                              .point_count = campaign->point_count,
                                              .quick_runs = NOMEM__QUICK_RUNS,
                                              .max_points = options->max_points,
                                              .all = options->all};
  struct nomem__second_fault *chosen = NULL;
  size_t count = nomem__second_faults_choose(second_faults, &choice, &chosen);
  add_second_points(campaign, chosen, count);
  free(chosen);
  free(was_tried);
  count_second_digits(campaign);
}

struct nomem__run_request nomem__campaign_request(struct nomem__campaign *campaign, const char *plan,
                                                  nomem__worker_done done, void *user) {
  nomem__passes_count(&campaign->passes, 1);
  return (struct nomem__run_request){.plan = plan,
                                     .timeout_ms = campaign->timeout_ms,
                                     .watch = campaign->residue_check.watch,
                                     .keep_files = campaign->keeps_files,
                                     .reads_files = true,
                                     .note_recoveries = campaign->notes_recoveries,
                                     .signal_watcher = &campaign->caught_signals.watcher,
                                     .done = done,
                                     .user = user};
}

bool nomem__campaign_is_over(const struct nomem__campaign *campaign) {
  uint64_t budget_ms = campaign->session->options->budget_ms;
  return campaign->failed || campaign->session->interrupted_by != 0 ||
         (budget_ms != 0 && (uv_hrtime() - campaign->started_ns) / 1000000 >= budget_ms);
}

void nomem__campaign_give_up(struct nomem__campaign *campaign, int result) {
  if (!campaign->failed) nomem__complain("cannot go on: %s", nomem__error_text(-result));
  campaign->failed = true;
}

bool nomem__campaign_was_started(struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  if (outcome->end.start_error != 0) nomem__campaign_give_up(campaign, -outcome->end.start_error);
  return outcome->end.start_error == 0;
}

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

uint64_t nomem__campaign_key(const struct nomem__campaign *campaign, const struct nomem__point *point) {
  return point->site < campaign->site_count ? campaign->sites[point->site].key : 0;
}

uint64_t nomem__campaign_second(const struct nomem__campaign *campaign, const struct nomem__point *point) {
  return point->second == 0 ? 0 : campaign->second_faults.seconds[point->second - 1];
}
