/* SPDX-License-Identifier: MIT */
/* What a campaign keeps in the store, and takes from it when the same one is begun again. */
#ifndef NOMEM_JOURNAL_H
#define NOMEM_JOURNAL_H

#include <jansson.h>

#include "../store/database.h"
#include "campaign.h"

/* Opens the store that the options ask for, finds this campaign in it (same command, same files) and enters what is
 * known of its points, or begins it anew. Between preflight and the first point. A store that cannot be written is done
 * without, after one line on standard error, unless --store names it. Returns 0, or a negative error code after such a
 * line. */
int nomem__store_open_campaign(struct nomem__campaign *campaign);

/* Keeps what a run has come to, which must have been entered. hash: of its finding; finding: as it is shown now, when
 * that run is the one that is shown; NULL otherwise. The run of a snapshot counts once nomem__store_prove says so. */
void nomem__store_keep(struct nomem__worker_slot *slot, const struct nomem__outcome *outcome, size_t rank,
                       const uint64_t *hash, const struct nomem__finding *finding);

/* Schedules second faults (nomem__campaign_schedule_second_faults), and enters what the store has of them. Returns 0 or
 * -ENOMEM.
 */
int nomem__store_schedule_seconds(struct nomem__campaign *campaign);

/* Whether the snapshots of this worker are sound; if not, they are forgotten. */
void nomem__store_prove(struct nomem__worker_slot *slot, bool is_sound);

/* Keeps the findings, which are sorted (documents: of each, in the same order), and the names of the sites. */
void nomem__store_end_campaign(struct nomem__campaign *campaign, const json_t *documents);

void nomem__store_close_campaign(struct nomem__campaign *campaign);

#endif
