/* SPDX-License-Identifier: MIT */
/* Heap errors that nobody notices: which runs are made once more with a block table for them.
 *
 * A run that handled or reported its failure may have written past the end of a block, or used one that it had freed,
 * and got away with it. Only a block table shows that, and only a run that is started anew has one; so of each site the
 * first failure is looked at, as long as such runs are few beside the campaign's; and the second, where more blocks
 * were left than usual, or one could not be reallocated: at the first there was none yet; and the first of which that
 * is so, whichever it is. What a program does about a failure is tried least of all: so the runs with a second fault
 * are looked at, too, after those with one.
 */
#ifndef NOMEM_HEAP_CHECK_H
#define NOMEM_HEAP_CHECK_H

#include "campaign.h"

/* Whether a block table can show anything of this program, and the user wants to know. */
bool nomem__heap_check_is_wanted(enum nomem__heap_choice heap, const struct nomem__baseline_residue *baseline,
                                 bool is_preloaded);

/* The same of a campaign after its baseline, whose runs are made here. */
bool nomem__heap_check_can_run(const struct nomem__campaign *campaign);

/* Whether the run of a point is to be made once more. One that had a block table already is, if blocks can be guarded,
 * which they were not then. */
bool nomem__heap_check_is_due(enum nomem__heap_choice heap, bool has_guards, const struct nomem__point *point,
                              const struct nomem__point_state *state);

/* How many of these runs are made at most, when so many points were tried. */
size_t nomem__heap_check_max(enum nomem__heap_choice heap, bool all, size_t tried);

/* Makes the runs that are due. What such a run shows counts only where it is worse than what the point's run without a
 * block table came to. */
void nomem__heap_check_run(struct nomem__campaign *campaign);

#endif
