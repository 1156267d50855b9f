/* SPDX-License-Identifier: MIT */
/* What a reader should know of how an exploration was made: what was left out, what was guessed, what could not be
 * seen.
 */
#ifndef NOMEM_NOTES_H
#define NOMEM_NOTES_H

#include <jansson.h>

#include "../campaign/campaign.h"
#include "../text/json_values.h"

/* Returns a list of sentences. The caller's. */
json_t *nomem__notes_make(struct nomem__json *json, const struct nomem__campaign *campaign);

#endif
