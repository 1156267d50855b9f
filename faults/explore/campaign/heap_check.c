/* SPDX-License-Identifier: MIT */
#include "heap_check.h"

#include <stdlib.h>

#include "../text/memory.h"
#include "guarded_runs.h"
#include "residue_runs.h"

/* So many are made in any case, which is enough for most programs, and otherwise one for so many points that were
 * tried. What is looked at depends on what the program does alone, not on how fast it was. */
#define ALWAYS 256
#define POINTS_A_RUN 4

bool nomem__heap_check_is_wanted(enum nomem__heap_choice heap, const struct nomem__baseline_residue *baseline,
                                 bool is_preloaded) {
  return heap != NOMEM_HEAP_OFF && baseline->is_known && !baseline->has_leak_check && is_preloaded;
}

bool nomem__heap_check_is_due(enum nomem__heap_choice heap, bool has_guards, const struct nomem__point *point,
                              const struct nomem__point_state *state) {
  bool is_first = point->occurrence == 1 && !point->persistent && point->second == 0;
  enum nomem__verdict verdict =
      nomem__point_is_tried(state) ? (enum nomem__verdict)(state->result - 1) : NOMEM_VERDICT_UNREACHED;
  bool went_on = verdict >= NOMEM_VERDICT_LEAK && verdict != NOMEM_VERDICT_UNREACHED;
  bool was_checked = state->was_heap_checked || (state->had_block_table && !has_guards);
  bool is_second = point->occurrence == 2 && !point->persistent && point->second == 0 && state->may_have_lost;
  bool is_of_site = is_first || is_second || state->is_first_to_lose;
  return went_on && !was_checked && (is_of_site || point->second != 0 || heap == NOMEM_HEAP_ALL);
}

size_t nomem__heap_check_max(enum nomem__heap_choice heap, bool all, size_t tried) {
  if (all || heap == NOMEM_HEAP_ALL) return SIZE_MAX;
  return tried / POINTS_A_RUN > ALWAYS ? tried / POINTS_A_RUN : ALWAYS;
}

static bool is_due(const struct nomem__campaign *campaign, size_t rank) {
  return nomem__heap_check_is_due(campaign->session->options->heap, campaign->heap.has_guards, &campaign->points[rank],
                                  &campaign->states[rank]);
}

/* Of a site whose first failures lost nothing, a later one may: what the others clean up grows with each call. */
static void mark_first_to_lose(struct nomem__campaign *campaign) {
  size_t *first = nomem__calloc(campaign->site_count + 1, sizeof *first);
  for (size_t i = 0; i < campaign->point_count; i++) {
    const struct nomem__point *point = &campaign->points[i];
    campaign->states[i].is_first_to_lose = false;
    if (point->persistent || point->second != 0 || !campaign->states[i].may_have_lost) continue;
    size_t *known = &first[point->site];
    if (*known == 0 || point->occurrence < campaign->points[*known - 1].occurrence) *known = i + 1;
  }
  for (size_t i = 0; i < campaign->site_count; i++)
    if (first[i] != 0) campaign->states[first[i] - 1].is_first_to_lose = true;
  free(first);
}

static size_t count_due(const struct nomem__campaign *campaign) {
  size_t due = 0;
  for (size_t i = 0; i < campaign->point_count; i++) due += is_due(campaign, i);
  return due;
}

static size_t count_checked(const struct nomem__campaign *campaign) {
  size_t checked = 0;
  for (size_t i = 0; i < campaign->point_count; i++) checked += campaign->states[i].was_heap_checked;
  return checked;
}

static size_t count_tried(const struct nomem__campaign *campaign) {
  size_t tried = 0;
  for (size_t i = 0; i < campaign->point_count; i++) tried += nomem__point_is_tried(&campaign->states[i]);
  return tried;
}

/* How many of the runs that are due are made. */
static size_t bound(const struct nomem__campaign *campaign, size_t due) {
  const struct nomem__options *options = campaign->session->options;
  size_t max = nomem__heap_check_max(options->heap, options->all, count_tried(campaign));
  return due < max ? due : max;
}

static void check(struct nomem__campaign *campaign, size_t due) {
  const struct nomem__close_runs runs = {.is_due = is_due, .left = bound(campaign, due)};
  campaign->heap.is_looking = true;
  campaign->progress.total += runs.left;
  nomem__residue_runs_make(campaign, &runs);
  campaign->heap.is_looking = false;
}

/* How many runs may be due: it depends on whether blocks can be guarded, which is not found out for nothing. */
static size_t count_perhaps_due(struct nomem__campaign *campaign) {
  campaign->heap.has_guards = true;
  size_t due = count_due(campaign);
  campaign->heap.has_guards = false;
  return due;
}

bool nomem__heap_check_can_run(const struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  return nomem__heap_check_is_wanted(session->options->heap, &campaign->residue_check.baseline,
                                     session->setup.preload != NULL) &&
         session->setup.trace;
}

void nomem__heap_check_run(struct nomem__campaign *campaign) {
  struct nomem__heap_check *heap = &campaign->heap;
  if (!nomem__heap_check_can_run(campaign)) return;
  mark_first_to_lose(campaign);
  size_t wanted = bound(campaign, count_perhaps_due(campaign));
  bool can_check = wanted > 0 && !nomem__campaign_is_over(campaign) && nomem__residue_runs_prepare(campaign);
  if (can_check) nomem__guarded_runs_prepare(campaign);
  size_t due = count_due(campaign);
  if (can_check && due > 0) check(campaign, due);
  heap->left_out = count_due(campaign);
  heap->looked_at = due - heap->left_out;
  heap->checked = count_checked(campaign);
  if (nomem__campaign_is_over(campaign) && wanted > heap->looked_at)
    campaign->looks_cut_short += wanted - heap->looked_at;
}
