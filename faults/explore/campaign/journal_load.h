/* SPDX-License-Identifier: MIT */
/* What a store has of a campaign that was begun before. */
#ifndef NOMEM_JOURNAL_LOAD_H
#define NOMEM_JOURNAL_LOAD_H

#include "../store/database.h"
#include "../store/evidence.h"
#include "../text/strings.h"
#include "campaign.h"

/* Enters, for the points of the campaign that have no result yet, what the store's campaign with this id has of them,
 * the findings that came of them and what was tried once more of these; with_recoveries: also where first faults led
 * to. Paths of stacks are kept in strings. Returns 0 or a negative error code. */
int nomem__store_load(struct nomem__campaign *campaign, struct nomem__store *store, int64_t id,
                      struct nomem__strings *strings, bool with_recoveries);

#endif
