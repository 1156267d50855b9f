/* SPDX-License-Identifier: MIT */
/* What a run with a block table tells of a block that was misused: where it was allocated, and where it was freed. */
#ifndef NOMEM_HEAP_MISUSE_H
#define NOMEM_HEAP_MISUSE_H

#include "../run/outcome.h"
#include "../stack/stack_trace.h"

/* A stack of the channel's whose paths outlive it. */
void nomem__lasting_trace(const struct nomem_channel *channel, const nomem_frame *frames, unsigned depth,
                          struct nomem__symbols *symbols, struct nomem__trace *trace);

/* The same of a site, by its number; nothing for NOMEM_BLOCK_TABLE_NO_SITE. */
void nomem__site_trace(const struct nomem_channel *channel, uint32_t number, struct nomem__symbols *symbols,
                       struct nomem__trace *trace);

/* Of the block that the injector saw misused. */
void nomem__heap_misuse_traces(const struct nomem_channel *channel, const struct nomem_misuse *misuse,
                               struct nomem__symbols *symbols, struct nomem__trace *block, struct nomem__trace *freed);

/* Of the block that a bad pointer was read from by which the run crashed; nothing when there is none. */
void nomem__quarantine_traces(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                              struct nomem__trace *block, struct nomem__trace *freed);

#endif
