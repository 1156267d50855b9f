/* SPDX-License-Identifier: MIT */
/* Runs under a hostile allocator (--hostile): no call fails, but each is served in the least friendly way that the C
 * standard allows. One run for each way; one for all of them together, where none alone has shown anything.
 *
 * What such a run shows is narrowed down to the one call that matters, by halving the range of calls that are served in
 * that way, and what the calls behind it show is looked for as well. All of it is bounded by numbers of runs.
 */
#ifndef NOMEM_HOSTILE_RUNS_H
#define NOMEM_HOSTILE_RUNS_H

#include "campaign.h"

/* So many calls of one way are narrowed down to. */
#define NOMEM_HOSTILE_FOUND_MAX 8

/* Makes the runs that were asked for, as long as the campaign is not over, and adds what they show to its findings. Its
 * workers are open. */
void nomem__hostile_runs_make(struct nomem__campaign *campaign);

/* The range of calls, counted from 1, that lead to an end: of calls from..to the whole range does. is_bad makes a run
 * with a range, and says whether it ends so: 1 or 0; or negative: no more runs. Finds the shortest beginning that does,
 * and then the shortest end of that: the one call that matters, or the first and the last of several. Returns 0, or
 * what is_bad returned that was negative. About twice the binary logarithm of the number of calls. */
int nomem__hostile_narrow(uint64_t *from, uint64_t *to, int (*is_bad)(void *user, uint64_t from, uint64_t to),
                          void *user);

/* Says in a sentence what came of each way; "": there were no such runs. */
void nomem__hostile_runs_describe(const struct nomem__campaign *campaign, char *text, size_t text_bytes);

#endif
