/* SPDX-License-Identifier: MIT */
#include "second_faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../stack/stack_trace.h"
#include "../text/grow.h"
#include "../text/memory.h"

/* Innermost frames that make two sites similar when they are the same, whoever called them. */
#define SIMILAR_FRAMES 4
/* So many are never too many. */
#define FEW 32
/* So many are chosen at most, unless every call is asked for. */
#define CHOSEN_MAX 4096

static int by_number(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

static bool is_known(const struct nomem__second_faults *second_faults, uint64_t key) {
  return second_faults->known_count > 0 &&
         bsearch(&key, second_faults->known, second_faults->known_count, sizeof key, by_number) != NULL;
}

void nomem__second_faults_know(struct nomem__second_faults *second_faults, const struct nomem__campaign_site *sites,
                               size_t count) {
  uint64_t *known = nomem__realloc(second_faults->known, (second_faults->known_count + count + 1) * sizeof *known);
  for (size_t i = 0; i < count; i++) known[second_faults->known_count++] = sites[i].key;
  qsort(known, second_faults->known_count, sizeof *known, by_number);
  second_faults->known = known;
}

void nomem__second_faults_add(struct nomem__second_faults *second_faults, const struct nomem__second_fault *fault) {
  second_faults->list =
      nomem__grow(second_faults->list, second_faults->count, &second_faults->room, sizeof *second_faults->list);
  second_faults->list[second_faults->count++] = *fault;
}

static uint64_t hash_innermost(const struct nomem__trace *trace) {
  uint64_t hash = 1;
  for (unsigned i = 0; i < trace->depth && i < SIMILAR_FRAMES; i++)
    hash = (hash ^ trace->frame[i].offset) * UINT64_C(0x9e3779b97f4a7c15);
  return hash;
}

void nomem__second_faults_note(struct nomem__second_faults *second_faults, const struct nomem__code_owners *code_owners,
                               uint32_t site, const struct nomem_channel *channel) {
  uint32_t all = channel->recovery_count, count = all < NOMEM_RECOVERIES ? all : NOMEM_RECOVERIES;
  second_faults->not_noted += all - count;
  for (uint32_t i = 0; i < count; i++) {
    struct nomem__second_fault fault = {.key = channel->recoveries[i].key, .site = site};
    struct nomem__trace trace;
    nomem__trace_of_frames(channel, channel->recoveries[i].frame, channel->recoveries[i].depth, &trace);
    if (fault.key == 0 || is_known(second_faults, fault.key)) continue;
    if (nomem__is_test_call(code_owners, &trace) || !nomem__is_tested_call(code_owners->tested, &trace)) continue;
    fault.similar = hash_innermost(&trace);
    nomem__second_faults_add(second_faults, &fault);
  }
}

/* One that may be chosen. Where it stands in the list tells what came first. */
struct candidate {
  const struct nomem__second_fault *fault;
  uint64_t name; /* of those with the same name one is enough */
  bool is_due;
};

/* The schedule has the sites' first calls in the order of the sites. */
static int in_order(const struct nomem__second_fault *a, const struct nomem__second_fault *b) {
  if (a->site != b->site) return a->site < b->site ? -1 : 1;
  return a < b ? -1 : a > b;
}

static int by_name(const void *left, const void *right) {
  const struct candidate *a = left, *b = right;
  return a->name != b->name ? (a->name < b->name ? -1 : 1) : in_order(a->fault, b->fault);
}

static int by_due(const void *left, const void *right) {
  const struct candidate *a = left, *b = right;
  return a->is_due != b->is_due ? (int)b->is_due - (int)a->is_due : in_order(a->fault, b->fault);
}

/* Marks the first one of each name as due, and what has a run already. Those come first then, in the order of the
 * schedule. Returns how many. */
static size_t mark_due(struct candidate *candidates, size_t count, bool by_similarity) {
  size_t due = 0;
  for (size_t i = 0; i < count; i++)
    candidates[i].name = by_similarity ? candidates[i].fault->similar : candidates[i].fault->key;
  qsort(candidates, count, sizeof *candidates, by_name);
  for (size_t i = 0; i < count; i++) {
    bool is_new_name = i == 0 || candidates[i - 1].name != candidates[i].name;
    candidates[i].is_due = is_new_name || candidates[i].fault->has_run;
    due += candidates[i].is_due;
  }
  qsort(candidates, count, sizeof *candidates, by_due);
  return due;
}

/* How many may be chosen at most. */
static size_t room_for(const struct nomem__second_choice *choice) {
  size_t room = choice->all ? UINT32_MAX / 2 : CHOSEN_MAX;
  if (choice->max_points == 0) return room;
  uint64_t rest = choice->max_points > choice->point_count ? choice->max_points - choice->point_count : 0;
  return rest < room ? (size_t)rest : room;
}

static void copy_chosen(struct nomem__second_faults *second_faults, const struct candidate *candidates, size_t count,
                        struct nomem__second_fault **chosen) {
  uint64_t *seconds = nomem__calloc(count + 1, sizeof *seconds);
  struct nomem__second_fault *copies = nomem__calloc(count + 1, sizeof *copies);
  for (size_t i = 0; i < count; i++) {
    copies[i] = *candidates[i].fault;
    seconds[i] = copies[i].key;
  }
  free(second_faults->seconds);
  second_faults->seconds = seconds;
  second_faults->second_count = count;
  *chosen = copies;
}

size_t nomem__second_faults_choose(struct nomem__second_faults *second_faults,
                                   const struct nomem__second_choice *choice, struct nomem__second_fault **chosen) {
  struct candidate *candidates = nomem__calloc(second_faults->count + 1, sizeof *candidates);
  size_t count = 0, room = room_for(choice);
  for (size_t i = 0; i < second_faults->count; i++)
    if (choice->was_tried[second_faults->list[i].site]) candidates[count++].fault = &second_faults->list[i];
  size_t all = mark_due(candidates, count, false), due = all;
  bool is_much = all > choice->quick_runs || all > FEW + choice->point_count / 2;
  if (!choice->all && is_much) due = mark_due(candidates, count, true);
  size_t taken = due < room ? due : room;
  second_faults->left_out = all - taken;
  copy_chosen(second_faults, candidates, taken, chosen);
  free(candidates);
  return taken;
}

void nomem__second_faults_free(struct nomem__second_faults *second_faults) {
  free(second_faults->list);
  free(second_faults->known);
  free(second_faults->seconds);
  *second_faults = (struct nomem__second_faults){0};
}
