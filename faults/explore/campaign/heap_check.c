/* SPDX-License-Identifier: MIT */
#include "heap_check.h"

#include "residue_runs.h"
#include "results.h"

/* They may take half as long as the first faults did, and some seconds in any case, by which most programs are through.
 */
#define PART 2
#define ALWAYS_NS UINT64_C(2000000000)

static bool is_wanted(const struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  return campaign->residue_check.baseline.is_known && !campaign->residue_check.baseline.has_leak_check &&
         session->setup.preload != NULL && session->options->heap != NOMEM_HEAP_OFF;
}

static bool is_due(const struct nomem__campaign *campaign, size_t rank) {
  const struct nomem__point *point = &campaign->points[rank];
  uint8_t result = campaign->states[rank].result;
  bool is_first = point->occurrence == 1 && !point->persistent && point->second == 0;
  bool is_quiet = result == NOMEM_VERDICT_HANDLED + 1 || result == NOMEM_VERDICT_REPORTED + 1;
  return is_quiet && !campaign->states[rank].had_block_table &&
         (is_first || campaign->session->options->heap == NOMEM_HEAP_ALL);
}

static size_t count_due(const struct nomem__campaign *campaign) {
  size_t due = 0;
  for (size_t i = 0; i < campaign->point_count; i++) due += is_due(campaign, i);
  return due;
}

static void looked(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

static void look_at_next(struct nomem__worker_slot *slot) {
  struct nomem__campaign *campaign = slot->campaign;
  struct nomem__heap_check *heap = &campaign->heap;
  while (heap->next < campaign->point_count && !is_due(campaign, heap->next)) heap->next++;
  bool is_late = heap->until_ns != 0 && uv_hrtime() >= heap->until_ns;
  if (heap->next == campaign->point_count || is_late || nomem__campaign_is_over(campaign)) return;
  char plan[NOMEM_POINT_PLAN_BYTES];
  slot->rank = heap->next++;
  nomem__campaign_plan(campaign, &campaign->points[slot->rank], NOMEM_KEY_DIGITS_ALL, plan);
  struct nomem__run_request request = nomem__campaign_request(campaign, plan, looked, slot);
  nomem__residue_runs_look_closely(campaign, &request);
  int result = nomem__worker_start(slot->worker, &request);
  if (result != 0) nomem__campaign_give_up(campaign, result);
}

static void looked(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__worker_slot *slot = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  nomem__results_enter(slot, outcome, slot->rank);
  look_at_next(slot);
}

void nomem__heap_check_run(struct nomem__campaign *campaign, uint64_t first_ns) {
  const struct nomem__options *options = campaign->session->options;
  struct nomem__heap_check *heap = &campaign->heap;
  size_t due = is_wanted(campaign) ? count_due(campaign) : 0;
  if (due == 0 || nomem__campaign_is_over(campaign)) {
    heap->left_out = due;
    return;
  }
  bool is_bounded = !options->all && options->heap != NOMEM_HEAP_ALL;
  uint64_t room_ns = first_ns / PART > ALWAYS_NS ? first_ns / PART : ALWAYS_NS;
  if (is_bounded) heap->until_ns = uv_hrtime() + room_ns;
  if (nomem__residue_runs_prepare(campaign)) {
    heap->is_looking = true;
    campaign->progress.total += due;
    nomem__residue_runs_make(campaign, look_at_next);
    heap->is_looking = false;
  }
  heap->left_out = count_due(campaign);
  heap->looked_at = due - heap->left_out;
}
