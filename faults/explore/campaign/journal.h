/* SPDX-License-Identifier: MIT */
/* A campaign's journal: what it writes to the store while it goes on, and reads from there when the same campaign is
 * begun again. Once the store cannot be written, one line on standard error says so, and nothing more is written. */
#ifndef NOMEM_JOURNAL_H
#define NOMEM_JOURNAL_H

#include <jansson.h>

#include "../store/database.h"
#include "campaign.h"

/* Opens the store that the options ask for, finds this campaign in it (same command, same files) and enters what is
 * known of its points, or else begins it there. To be called between the baseline and the first point. Without --store,
 * a store that cannot be written is done without, after one line on standard error. Returns 0, or a negative error code
 * after such a line. */
int nomem__journal_open(struct nomem__campaign *campaign);

/* Adds a run, which must have been entered as its point's result. hash: of its finding, NULL for none; finding: as it
 * is now, when this run is the one that it shows, NULL otherwise. The run of a snapshot counts only once
 * nomem__journal_confirm_snapshots says so. */
void nomem__journal_add_run(struct nomem__worker_slot *slot, const struct nomem__outcome *outcome, size_t rank,
                            const uint64_t *hash, const struct nomem__finding *finding);

/* Where it can only be told afterwards whether runs were made as they should be (control_run.h), none is written before
 * this says so; if they were not, those that there are by then are forgotten, and later ones are not written, either.
 */
void nomem__journal_keep_runs(struct nomem__campaign *campaign, bool are_kept);

/* Notes that the run of a point, which the store has with its finding, was checked for heap errors, and shows none. */
void nomem__journal_mark_heap_checked(struct nomem__campaign *campaign, size_t rank);

/* Schedules the second faults (nomem__campaign_schedule_second_faults), and enters what the store has of them. */
void nomem__journal_schedule_second_faults(struct nomem__campaign *campaign);

/* Has the snapshots of this worker count, if they are sound; if not, they are deleted. */
void nomem__journal_confirm_snapshots(struct nomem__worker_slot *slot, bool are_sound);

/* Writes the findings, which are sorted (documents: one of each, in the same order), and the names of the sites. */
void nomem__journal_write_end(struct nomem__campaign *campaign, const json_t *documents);

/* Keeps the report of a campaign that is over. */
void nomem__journal_keep_report(struct nomem__campaign *campaign, const json_t *document);

/* Whether a store that the user has named could not be written to its end. */
bool nomem__journal_has_failed(const struct nomem__campaign *campaign);

/* Writes what is left to write and closes the store. Nothing is done without a journal. */
void nomem__journal_close(struct nomem__campaign *campaign);

#endif
