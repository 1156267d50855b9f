/* SPDX-License-Identifier: MIT */
/* Leaks that seem to be the test's own, because test code led both to the allocation and to the failed call: whether it
 * still had the blocks then. What it had handed over to the call that failed, that call lost. Each such run is made
 * once more, and the held watch (judge/held_watch.h) notes what test code has when the allocation fails.
 */
#ifndef NOMEM_HANDED_CHECK_H
#define NOMEM_HANDED_CHECK_H

#include "campaign.h"

/* Makes the runs, once the heap check has shown which they are. What it finds takes the place of the test's own leak.
 */
void nomem__handed_check_run(struct nomem__campaign *campaign);

#endif
