/* SPDX-License-Identifier: MIT */
/* Guarded blocks in the runs of the heap check: whether the program bears them, and which blocks they are.
 *
 * A run without a fault shows whether it does: a program that reads what it has freed without any failure, or that
 * counts on where its blocks lie, is checked without. There is no room for all blocks of a large program: those are
 * guarded that are allocated shortly before the call that fails, and after it.
 */
#ifndef NOMEM_GUARDED_RUNS_H
#define NOMEM_GUARDED_RUNS_H

#include "campaign.h"

/* Finds out, once, whether blocks can be guarded; nomem__residue_runs_prepare must have returned true. */
void nomem__guarded_runs_prepare(struct nomem__campaign *campaign);

/* From which allocation of the run on blocks are guarded when a point is tried, counted from 1; 0: none is. */
uint64_t nomem__guarded_runs_from(const struct nomem__campaign *campaign, const struct nomem__point *point);

/* Has blocks guarded in a run, from this allocation on. 0: none is. */
void nomem__guarded_runs_ask(struct nomem__run_request *request, uint64_t from);

/* Which allocation of the run the call of a point is, as far as that is known: of a site whose first call is number
 * first, of so many in a run of so many allocations. */
uint64_t nomem__guarded_runs_guess(uint64_t first, uint64_t occurrence, uint64_t calls, uint64_t allocations);

/* Notes what was not guarded in a run of the heap check. */
void nomem__guarded_runs_note(struct nomem__campaign *campaign, const struct nomem__outcome *outcome);

/* Whether a run without a fault has to show that a finding comes of its fault: in the one that was made, other blocks
 * were guarded. */
bool nomem__guarded_runs_are_needed(const struct nomem__finding *finding, uint64_t allocations);

/* Whether a run without a fault ended as no other did. */
bool nomem__guarded_runs_end_otherwise(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome);

/* The same, but only where memory was broken: that is no want of anything else that the program needs. */
bool nomem__guarded_runs_break(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome);

/* Says what was not guarded, in a sentence; "" when all was. */
void nomem__guarded_runs_describe(const struct nomem__campaign *campaign, char *text, size_t text_bytes);

#endif
