/* SPDX-License-Identifier: MIT */
/* One more run without a fault, after all with one, where what the program needs may be gone by then: it is explored
 * while the runner of its tests waits, beside a server of the runner's, say. */
#ifndef NOMEM_CONTROL_RUN_H
#define NOMEM_CONTROL_RUN_H

#include "campaign.h"

/* Makes the run, if the campaign is of that kind. When it does not pass, or is not made because the
 * exploration was interrupted and it would take long, campaign->has_lost_surroundings says so, and
 * of the findings only those count that no lack of anything can explain; they are confirmed by that. The store keeps
 * the runs only if it passes. To be called before nomem__confirm_findings. */
void nomem__control_run_make(struct nomem__campaign *campaign);

/* Makes it once more when findings were not seen a second time, to say whether what the program needs is gone by now.
 * To be called after nomem__confirm_findings. */
void nomem__control_run_make_again(struct nomem__campaign *campaign);

#endif
