/* SPDX-License-Identifier: MIT */
/* What test code was told of a failure that counts as reported: whether the error that a call of its own returned is
 * the right one.
 *
 * A run that ends otherwise than the baseline has reported its failure, as far as anybody sees from outside. So of each
 * common site (judge/common_site.h) one such run is made once more, and the call watch (judge/call_watch.h) notes what
 * the call of test code returned in which the allocation failed, and what came to test code after it; where that may be
 * wrong, it notes the same in a run without the fault.
 */
#ifndef NOMEM_TOLD_CHECK_H
#define NOMEM_TOLD_CHECK_H

#include "campaign.h"

/* Whether the run of a point may be looked at: one with a single failure, which was reported, or of which the test says
 * in its protocol that it failed. Of those of a common site
 * the first in the schedule is. */
bool nomem__told_check_is_due(const struct nomem__point *point, const struct nomem__point_state *state);

/* How many common sites are looked at, of a campaign in which so many points were tried: a number that does not depend
 * on how long runs take. */
size_t nomem__told_check_max(bool all, size_t tried, size_t untried);

/* Makes the runs, unless there is to be no heap check. */
void nomem__told_check_run(struct nomem__campaign *campaign);

#endif
