/* SPDX-License-Identifier: MIT */
#include "heap_misuse.h"

#include "../../block_table_format.h"

void nomem__lasting_trace(const struct nomem_channel *channel, const nomem_frame *frames, unsigned depth,
                          struct nomem__symbols *symbols, struct nomem__trace *trace) {
  nomem__trace_of_frames(channel, frames, depth, trace);
  for (unsigned i = 0; i < trace->depth; i++)
    trace->frame[i].path = nomem__symbols_keep_path(symbols, trace->frame[i].path);
}

void nomem__heap_misuse_traces(const struct nomem_channel *channel, const struct nomem_misuse *misuse,
                               struct nomem__symbols *symbols, struct nomem__trace *block, struct nomem__trace *freed) {
  nomem__lasting_trace(channel, misuse->block, misuse->block_depth, symbols, block);
  nomem__lasting_trace(channel, misuse->freed, misuse->freed_depth, symbols, freed);
}

void nomem__site_trace(const struct nomem_channel *channel, uint32_t number, struct nomem__symbols *symbols,
                       struct nomem__trace *trace) {
  if (number >= NOMEM_BLOCK_TABLE_NO_SITE) return;
  const struct nomem_site *site = &channel->sites[number];
  nomem__lasting_trace(channel, site->frame, site->depth, symbols, trace);
}

void nomem__quarantine_traces(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                              struct nomem__trace *block, struct nomem__trace *freed) {
  const struct nomem__stack *stack = &outcome->end.stack;
  uint64_t pointer = outcome->end.has_stack ? stack->freed_pointer : 0;
  const struct nomem__process_residue *child = nomem__child_residue_find(outcome->child_residue, stack->pid);
  const struct nomem__quarantined *quarantined =
      nomem__heap_residue_find_quarantined(child != NULL ? &child->heap : &outcome->residue->heap, pointer);
  if (quarantined == NULL) return;
  nomem__site_trace(outcome->channel, quarantined->site, symbols, block);
  nomem__site_trace(outcome->channel, quarantined->freed_at, symbols, freed);
}
