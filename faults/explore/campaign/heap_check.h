/* SPDX-License-Identifier: MIT */
/* Heap errors that nobody notices: which runs are made once more with a block table for them.
 *
 * A run that handled or refused its failure may have written past the end of a block, or used one that it had freed,
 * and got away with it. Only a block table shows that, and only a run that is started anew has one; so of each site the
 * first failure is looked at, as long as it takes little beside the campaign.
 */
#ifndef NOMEM_HEAP_CHECK_H
#define NOMEM_HEAP_CHECK_H

#include "campaign.h"

/* Makes the runs that are due, when the first faults took so long. What such a run shows counts only where it is worse
 * than what the point's run without a block table has come to. */
void nomem__heap_check_run(struct nomem__campaign *campaign, uint64_t first_ns);

#endif
