/* SPDX-License-Identifier: MIT */
#include "guarded_runs.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../block_table_format.h"
#include "../judge/root_cause.h"
#include "../text/memory_stream.h"
#include "residue_runs.h"

/* So many blocks are guarded that are allocated last before the call that fails. */
#define BEFORE (NOMEM_GUARDED_BLOCKS / 2 - NOMEM_GUARDED_FIRST)
/* So much longer a run may take: on some machines it costs a tenth of a millisecond to guard a block and to close it.
 */
#define MORE_MS 2000

uint64_t nomem__guarded_runs_guess(uint64_t first, uint64_t occurrence, uint64_t calls, uint64_t allocations) {
  if (occurrence <= 1 || calls == 0 || allocations <= first) return first;
  return first + (uint64_t)((double)(allocations - first) * (double)(occurrence - 1) / (double)calls);
}

uint64_t nomem__guarded_runs_from(const struct nomem__campaign *campaign, const struct nomem__point *point) {
  if (!campaign->heap.has_guards) return 0;
  const struct nomem__campaign_site *site = &campaign->sites[point->site];
  uint64_t nth = nomem__guarded_runs_guess(site->first_nth, point->occurrence, site->count, campaign->allocations);
  return nth > BEFORE ? nth - BEFORE : 1;
}

void nomem__guarded_runs_ask(struct nomem__run_request *request, uint64_t from) {
  request->guarded_from = from;
  if (from != 0 && request->timeout_ms != 0) request->timeout_ms += MORE_MS;
}

void nomem__guarded_runs_note(struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  const struct nomem_channel *channel = outcome->channel;
  bool is_partial = channel->guarded_from > 1 || channel->screening.unguarded_blocks > 0 ||
                    channel->screening.guard_obstacle != NOMEM_GUARD_OBSTACLE_NONE;
  campaign->heap.partly_guarded += channel->guarded_from != 0 && is_partial;
}

bool nomem__guarded_runs_are_needed(const struct nomem__finding *finding, uint64_t allocations) {
  bool had_others = finding->guarded_from > 1 || allocations > NOMEM_GUARDED_BLOCKS;
  bool is_misuse = finding->verdict == NOMEM_VERDICT_CRASH || finding->verdict == NOMEM_VERDICT_CORRUPTION;
  return finding->guarded_from != 0 && had_others && is_misuse;
}

bool nomem__guarded_runs_end_otherwise(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  const struct nomem__end *end = &outcome->end;
  return nomem__guarded_runs_break(campaign, outcome) || outcome->is_damaged || outcome->is_flooded || end->timed_out ||
         end->root_status != campaign->baseline_status;
}

bool nomem__guarded_runs_break(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  return outcome->was_caught || outcome->end.fatal_deaths != campaign->baseline_fatal_deaths ||
         outcome->channel->misuse_count > campaign->residue_check.baseline.misuse_count;
}

/* What the program does with a block in a run without a fault, and where. */
static void describe_use(struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                         const struct nomem__guarded_use *use) {
  struct nomem__memory_stream stream;
  struct nomem__symbols *symbols = campaign->session->symbols;
  struct nomem__trace trace;
  nomem__blow_up_trace(outcome, symbols, &trace);
  FILE *out = nomem__memory_stream_open(&stream);
  nomem__trace_print_culprit(out, &trace, symbols);
  char *place = nomem__memory_stream_close(&stream);
  snprintf(campaign->heap.unguarded_reason, NOMEM__GUARDS_NOTE_BYTES, "without any failure %s, in %s",
           nomem__guarded_use_text(use), place);
  free(place);
}

static void describe_end(struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  struct nomem__residue residue;
  nomem__residue_check_compute(&campaign->residue_check, campaign->session->options->leaks, campaign->baseline_status,
                               outcome, &campaign->code_owners, &residue);
  if (residue.guarded_use.place != NOMEM_GUARDED_NONE)
    describe_use(campaign, outcome, &residue.guarded_use);
  else
    snprintf(campaign->heap.unguarded_reason, NOMEM__GUARDS_NOTE_BYTES,
             "the program ends otherwise when each block has pages of its own");
}

static void baseline_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  static const char *const reasons[NOMEM_GUARD_OBSTACLES] = {
      [NOMEM_GUARD_OBSTACLE_LIMIT] = "the memory of the program is limited",
      [NOMEM_GUARD_OBSTACLE_ALLOCATOR] = "the program has an allocator of its own",
      [NOMEM_GUARD_OBSTACLE_KERNEL] = "the kernel gives no room for it"};
  struct nomem__campaign *campaign = user;
  struct nomem__heap_check *heap = &campaign->heap;
  uint32_t obstacle = outcome->channel->screening.guard_obstacle;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  if (nomem__guarded_runs_end_otherwise(campaign, outcome))
    describe_end(campaign, outcome);
  else if (obstacle == NOMEM_GUARD_OBSTACLE_ALLOCATOR && campaign->allocator_note[0] != '\0')
    return; /* that note says so already */
  else if (obstacle < NOMEM_GUARD_OBSTACLES && reasons[obstacle] != NULL)
    snprintf(heap->unguarded_reason, sizeof heap->unguarded_reason, "%s", reasons[obstacle]);
  else
    heap->has_guards = true;
}

/* A filter of system calls may kill the program for those by which blocks are guarded, and only on some ways. */
static bool has_filter(const struct nomem__baseline_residue *baseline) {
  if (baseline->with_block_table.has_filter) return true;
  for (unsigned run = 0; run < baseline->block_table_count; run++)
    for (unsigned i = 0; i < baseline->block_tables[run].count; i++)
      if (baseline->block_tables[run].list[i].has_filter) return true;
  return false;
}

void nomem__guarded_runs_prepare(struct nomem__campaign *campaign) {
  struct nomem__heap_check *heap = &campaign->heap;
  if (campaign->residue_check.baseline.has_leak_check || heap->has_guards || heap->unguarded_reason[0] != '\0') return;
  if (has_filter(&campaign->residue_check.baseline)) {
    snprintf(heap->unguarded_reason, sizeof heap->unguarded_reason, "the program filters its system calls (seccomp)");
    return;
  }
  struct nomem__run_request request = nomem__campaign_request(campaign, "", baseline_done, campaign);
  nomem__residue_runs_look_closely(campaign, &request);
  nomem__guarded_runs_ask(&request, 1);
  int result = nomem__worker_start(campaign->workers[0].worker, &request);
  if (result != 0) nomem__campaign_give_up(campaign, result);
  nomem__session_run(campaign->session);
}

void nomem__guarded_runs_describe(const struct nomem__campaign *campaign, char *text, size_t text_bytes) {
  const struct nomem__heap_check *heap = &campaign->heap;
  text[0] = '\0';
  if (heap->unguarded_reason[0] != '\0')
    snprintf(text, text_bytes, "reads of freed blocks and past the end of blocks were not looked for: %s",
             heap->unguarded_reason);
  else if (heap->partly_guarded > 0)
    snprintf(text, text_bytes,
             "in %zu run%s only some blocks were watched for reads after they were freed, or past their end: "
             "%d of a process, of up to %d KiB each",
             heap->partly_guarded, heap->partly_guarded == 1 ? "" : "s", NOMEM_GUARDED_BLOCKS,
             (int)(NOMEM_GUARDED_SIZE_MAX >> 10));
}
