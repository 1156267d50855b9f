/* SPDX-License-Identifier: MIT */
/* Makes the runs of a campaign's points, each by the cheapest engine that is safe for the program. */
#ifndef NOMEM_ENGINES_H
#define NOMEM_ENGINES_H

#include "campaign.h"

/* Checks the engine that was asked for against what the program does. Returns 0, or -EINVAL after one line on standard
 * error that says why it is not safe. */
int nomem__engines_check(struct nomem__campaign *campaign);

/* Makes a run of every point that has no result yet, as long as the campaign is not over. Snapshots are taken of a
 * program that does nothing which they would share; their runs count only if the program itself ends as the baseline
 * did. What they leave is run by forks of a process that stands before main(), where one process does all, and what is
 * left then is started anew. */
void nomem__engines_run(struct nomem__campaign *campaign);

#endif
