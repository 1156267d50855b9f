/* SPDX-License-Identifier: MIT */
/* Reads what a store has of a campaign that was begun before. */
#ifndef NOMEM_JOURNAL_LOAD_H
#define NOMEM_JOURNAL_LOAD_H

#include "../store/database.h"
#include "../store/evidence.h"
#include "../text/strings.h"
#include "campaign.h"

/* In the column runs.block_table: how the run came by one, or why another should. */
enum {
  NOMEM_STORED_NO_BLOCK_TABLE,
  NOMEM_STORED_BLOCK_TABLE,
  NOMEM_STORED_HEAP_CHECK,
  NOMEM_STORED_MAY_HAVE_LOST,
  NOMEM_STORED_LEFT_OPEN,
  NOMEM_STORED_LEFT_OPEN_AND_LOST
};

/* Enters what the store's campaign with this id has of the points that have no result yet: the results, the findings
 * that came of them, and which of these were confirmed. with_second_faults: also which sites the first faults led to.
 * Paths of stacks are kept in strings. Returns 0 or a negative error code. */
int nomem__journal_load(struct nomem__campaign *campaign, struct nomem__store *store, int64_t id,
                        struct nomem__strings *strings, bool with_second_faults);

#endif
