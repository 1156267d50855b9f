/* SPDX-License-Identifier: MIT */
/* Before the first fault: is there anything to explore here, and would the answer mean anything? */
#ifndef NOMEM_BASELINE_H
#define NOMEM_BASELINE_H

#include "campaign.h"

/* Runs the baseline twice and fills the campaign in: baseline, sites, points, timeout. Returns 0, or a negative error
 * code after one line on standard error that says what is wrong and the way out. */
int nomem__baseline_run(struct nomem__campaign *campaign);

#endif
