/* SPDX-License-Identifier: MIT */
/* Heap misuse: where a misused block was allocated and freed, as a run with a block table shows it. */
#ifndef NOMEM_HEAP_MISUSE_H
#define NOMEM_HEAP_MISUSE_H

#include "../run/outcome.h"
#include "../stack/stack_trace.h"

/* Makes a trace of a stack in the channel. Its paths outlive the channel: they belong to symbols. */
void nomem__lasting_trace(const struct nomem_channel *channel, const nomem_frame *frames, unsigned depth,
                          struct nomem__symbols *symbols, struct nomem__trace *trace);

/* The same for a site, by its number. Leaves *trace as it is for NOMEM_BLOCK_TABLE_NO_SITE. */
void nomem__site_trace(const struct nomem_channel *channel, uint32_t number, struct nomem__symbols *symbols,
                       struct nomem__trace *trace);

/* The stacks of the block that the injector saw misused. */
void nomem__heap_misuse_traces(const struct nomem_channel *channel, const struct nomem_misuse *misuse,
                               struct nomem__symbols *symbols, struct nomem__trace *block, struct nomem__trace *freed);

/* The stacks of the quarantined block from which the pointer was read that the run crashed at. Leaves both as they are
 * when there is none. */
void nomem__quarantine_traces(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                              struct nomem__trace *block, struct nomem__trace *freed);

#endif
