/* SPDX-License-Identifier: MIT */
/* Which functions calls have gone to that do not name them, such as calls through a pointer, or of a function that
 * jumps to another one: by the stacks of the sites. */
#ifndef NOMEM_OBSERVED_CALLS_H
#define NOMEM_OBSERVED_CALLS_H

#include <jansson.h>

#include "../campaign/campaign.h"
#include "../text/json_values.h"

/* Returns them as profile/allocation_checks.h reads them, each once: the module and the return address of a call, and
 * of the function the module ("": an allocation itself), the start and the name. The caller's. */
json_t *nomem__observed_calls_make(struct nomem__json *json, const struct nomem__campaign *campaign);

#endif
