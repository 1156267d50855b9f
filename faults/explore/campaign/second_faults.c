/* SPDX-License-Identifier: MIT */
#include "second_faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../text/grow.h"
#include "baseline.h"
#include "campaign.h"

/* Innermost frames by which sites are told to be near, whoever called them. */
#define NEAR_FRAMES 4
/* So many are never too many. */
#define LITTLE 32

static int by_number(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

static bool is_known(const struct nomem__second_faults *second_faults, uint64_t key) {
  return bsearch(&key, second_faults->known, second_faults->known_count, sizeof key, by_number) != NULL;
}

int nomem__second_faults_know(struct nomem__second_faults *second_faults, const struct nomem__campaign_site *sites,
                              size_t count) {
  uint64_t *known = realloc(second_faults->known, (second_faults->known_count + count + 1) * sizeof *known);
  if (known == NULL) return -ENOMEM;
  for (size_t i = 0; i < count; i++) known[second_faults->known_count++] = sites[i].key;
  qsort(known, second_faults->known_count, sizeof *known, by_number);
  second_faults->known = known;
  return 0;
}

int nomem__second_faults_add(struct nomem__second_faults *second_faults, const struct nomem__second_fault *recovery) {
  struct nomem__second_fault *list =
      nomem__grow(second_faults->list, second_faults->count, &second_faults->room, sizeof *list);
  if (list == NULL) return -ENOMEM;
  second_faults->list = list;
  second_faults->list[second_faults->count++] = *recovery;
  return 0;
}

static uint64_t near_of(const struct nomem__trace *trace) {
  uint64_t hash = 1;
  for (unsigned i = 0; i < trace->depth && i < NEAR_FRAMES; i++)
    hash = (hash ^ trace->frame[i].offset) * UINT64_C(0x9e3779b97f4a7c15);
  return hash;
}

int nomem__second_faults_note(struct nomem__campaign *campaign, uint32_t site, const struct nomem_channel *channel) {
  uint32_t all = channel->recovery_count, count = all < NOMEM_RECOVERIES ? all : NOMEM_RECOVERIES;
  campaign->second_faults.not_noted += all - count;
  int result = 0;
  for (uint32_t i = 0; i < count && result == 0; i++) {
    struct nomem__second_fault recovery = {.key = channel->recoveries[i].key, .site = site};
    struct nomem__trace trace;
    nomem__trace_of_frames(channel, channel->recoveries[i].frame, channel->recoveries[i].depth, &trace);
    if (recovery.key == 0 || is_known(&campaign->second_faults, recovery.key)) continue;
    if (nomem__is_test_call(&campaign->code_owners, &trace)) continue;
    recovery.near = near_of(&trace);
    result = nomem__second_faults_add(&campaign->second_faults, &recovery);
  }
  return result;
}

/* A pair with its place among those that were noted, which tells what came first. */
struct candidate {
  const struct nomem__second_fault *recovery;
  uint64_t name; /* by which it is told from others */
  bool is_due;
};

static int in_order(const struct nomem__second_fault *a, const struct nomem__second_fault *b) {
  if (a->site != b->site) return a->site < b->site ? -1 : 1;
  return a < b ? -1 : a > b;
}

static int by_name(const void *left, const void *right) {
  const struct candidate *a = left, *b = right;
  return a->name != b->name ? (a->name < b->name ? -1 : 1) : in_order(a->recovery, b->recovery);
}

static int by_due(const void *left, const void *right) {
  const struct candidate *a = left, *b = right;
  return a->is_due != b->is_due ? (int)b->is_due - (int)a->is_due : in_order(a->recovery, b->recovery);
}

/* Of each name the first pair is due, and what has a run already. The due ones come first then, in the order of the
 * schedule. Returns how many. */
static size_t choose(struct candidate *candidates, size_t count, bool by_near) {
  size_t due = 0;
  for (size_t i = 0; i < count; i++)
    candidates[i].name = by_near ? candidates[i].recovery->near : candidates[i].recovery->key;
  qsort(candidates, count, sizeof *candidates, by_name);
  for (size_t i = 0; i < count; i++) {
    const struct nomem__second_fault *recovery = candidates[i].recovery;
    bool is_new_name = i == 0 || candidates[i - 1].name != candidates[i].name;
    candidates[i].is_due = is_new_name || recovery->has_run;
    due += candidates[i].is_due;
  }
  qsort(candidates, count, sizeof *candidates, by_due);
  return due;
}

/* Only after sites whose first call was failed in this campaign, by whichever command: not by another shard. */
static struct candidate *make_candidates(const struct nomem__campaign *campaign, size_t *count) {
  const struct nomem__second_faults *second_faults = &campaign->second_faults;
  bool *was_tried = calloc(campaign->site_count + 1, sizeof *was_tried);
  struct candidate *candidates = calloc(second_faults->count + 1, sizeof *candidates);
  for (size_t i = 0; i < campaign->point_count && was_tried != NULL; i++) {
    const struct nomem__point *point = &campaign->points[i];
    bool has_result = campaign->results[i] != 0 && campaign->results[i] != NOMEM__ELSEWHERE;
    if (has_result && point->occurrence == 1 && !point->persistent) was_tried[point->site] = true;
  }
  *count = 0;
  for (size_t i = 0; i < second_faults->count && was_tried != NULL && candidates != NULL; i++)
    if (was_tried[second_faults->list[i].site]) candidates[(*count)++].recovery = &second_faults->list[i];
  if (was_tried == NULL) {
    free(candidates);
    candidates = NULL;
  }
  free(was_tried);
  return candidates;
}

static int make_digits(struct nomem__campaign *campaign) {
  struct nomem__second_faults *second_faults = &campaign->second_faults;
  uint64_t *keys = calloc(campaign->site_count + second_faults->second_count + 1, sizeof *keys);
  if (keys == NULL) return -ENOMEM;
  for (size_t i = 0; i < campaign->site_count; i++) keys[i] = campaign->sites[i].key;
  if (second_faults->second_count > 0)
    memcpy(keys + campaign->site_count, second_faults->seconds, second_faults->second_count * sizeof *keys);
  second_faults->digits = nomem__digits_of(keys, campaign->site_count + second_faults->second_count);
  free(keys);
  return 0;
}

static int append(struct nomem__campaign *campaign, const struct candidate *candidates, size_t count) {
  struct nomem__second_faults *second_faults = &campaign->second_faults;
  size_t from = campaign->point_count, total = from + count;
  uint64_t *seconds = calloc(count + 1, sizeof *seconds);
  struct nomem__point *points = realloc(campaign->points, (total + 1) * sizeof *points);
  if (points != NULL) campaign->points = points;
  uint8_t *results = realloc(campaign->results, total + 1);
  if (results != NULL) campaign->results = results;
  bool *is_due = realloc(campaign->residue_check.is_due, (total + 1) * sizeof *is_due);
  if (is_due != NULL) campaign->residue_check.is_due = is_due;
  bool *had_block_table = realloc(campaign->residue_check.had_block_table, (total + 1) * sizeof *had_block_table);
  if (had_block_table != NULL) campaign->residue_check.had_block_table = had_block_table;
  bool *known = realloc(campaign->known, (total + 1) * sizeof *known);
  if (known != NULL) campaign->known = known;
  second_faults->seconds = seconds;
  if (seconds == NULL || points == NULL || results == NULL || known == NULL || is_due == NULL ||
      had_block_table == NULL)
    return -ENOMEM;
  for (size_t i = 0; i < count; i++) {
    seconds[i] = candidates[i].recovery->key;
    points[from + i] = (struct nomem__point){
        .occurrence = 1, .site = candidates[i].recovery->site, .second = (uint32_t)(i + 1) & NOMEM__SECOND_MASK};
    results[from + i] = 0;
    known[from + i] = is_due[from + i] = had_block_table[from + i] = false;
  }
  second_faults->second_count = count;
  campaign->point_count = total;
  return 0;
}

int nomem__second_faults_schedule(struct nomem__campaign *campaign) {
  const struct nomem__options *options = campaign->session->options;
  struct nomem__second_faults *second_faults = &campaign->second_faults;
  size_t count, room = options->all ? UINT32_MAX / 2 : NOMEM__SECONDS_MAX;
  if (second_faults->is_scheduled || second_faults->count == 0 || !(options->faults & NOMEM_FAULT_SECOND)) return 0;
  second_faults->is_scheduled = true;
  if (options->max_points != 0 && options->max_points - campaign->point_count < room)
    room = options->max_points - campaign->point_count;
  struct candidate *candidates = make_candidates(campaign, &count);
  if (candidates == NULL) return -ENOMEM;
  size_t all = choose(candidates, count, false), due = all;
  bool is_much = all > nomem__campaign_room(campaign) || all > LITTLE + campaign->point_count / 2;
  if (!options->all && is_much) due = choose(candidates, count, true);
  size_t taken = due < room ? due : room;
  second_faults->left_out = all - taken;
  int result = append(campaign, candidates, taken);
  free(candidates);
  return result != 0 ? result : make_digits(campaign);
}

void nomem__second_faults_free(struct nomem__second_faults *second_faults) {
  free(second_faults->list);
  free(second_faults->known);
  free(second_faults->seconds);
  *second_faults = (struct nomem__second_faults){0};
}
