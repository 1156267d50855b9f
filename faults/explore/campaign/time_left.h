/* SPDX-License-Identifier: MIT */
/* How long an exploration is going to take: what it still does in the pass that goes on, at the pace of that pass, and
 * all passes that are to come, at theirs, as far as what was tried until now lets them be foreseen. */
#ifndef NOMEM_TIME_LEFT_H
#define NOMEM_TIME_LEFT_H

#include "campaign.h"

/* For struct nomem__progress. campaign: a struct nomem__campaign, between the baseline and the end of its last pass. */
struct nomem__time_estimate nomem__time_estimate(const void *campaign);

#endif
