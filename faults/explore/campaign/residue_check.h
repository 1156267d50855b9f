/* SPDX-License-Identifier: MIT */
/* Which runs are looked at more closely for what they left, and the closer look.
 *
 * Every run counts its blocks, which costs next to nothing. One that ended as the baseline did, but with other
 * blocks than either baseline, is made once more, started anew and with a block table; so is the baseline, once. Of a
 * program with a sanitizer that looks for leaks, the runs and the baseline are made once more with that.
 */
#ifndef NOMEM_RESIDUE_CHECK_H
#define NOMEM_RESIDUE_CHECK_H

#include "campaign.h"

/* Takes note of a baseline's end, and takes from it what it made. */
void nomem__residue_check_baseline(struct nomem__residue_check *residue_check, const struct nomem__outcome *outcome);

/* Whether a run with this verdict has to be made again. */
bool nomem__residue_check_is_due(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                                 enum nomem__verdict verdict);

/* Takes note of what a run made that is to be made again. */
void nomem__residue_check_note(struct nomem__campaign *campaign, const struct nomem__outcome *outcome, size_t rank);

/* Of a run with a block table: a file or the like that it made and left, and the baselines did not; NULL: nothing. */
const struct nomem__created_file *nomem__residue_check_file(const struct nomem__campaign *campaign,
                                                            const struct nomem__outcome *outcome);

/* The path that the run of this point gave it before it was made again; NULL: it was not. */
const char *nomem__residue_check_first_path(const struct nomem__campaign *campaign, size_t rank);

/* Of a run with a block table: what it left that the baseline did not. False: nothing. */
bool nomem__residue_check_leaked(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                                 struct nomem__leak_site *left);

/* What the block table saw go wrong in a run, and not in the baseline; NULL: nothing. */
const struct nomem_misuse *nomem__residue_check_misuse(const struct nomem__campaign *campaign,
                                                       const struct nomem__outcome *outcome);

/* Of a run with a block table: what descriptors, threads or children it left that the baseline did not, in words.
 * False: none. */
bool nomem__residue_check_leftover(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                                   char *what, size_t what_bytes);

/* A process of a run with a block table in which a block was found to be written past its end, or after it was freed,
 * when the run was over, but not so in the baseline; NULL: there is none. */
const struct nomem__process_residue *nomem__residue_check_late_misuse(const struct nomem__campaign *campaign,
                                                                      const struct nomem__outcome *outcome);

/* Whether a run with a block table ended in a way that its leaks count. */
bool nomem__residue_check_is_looked_at(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome);

/* What was left or misused, and by which process when it is not the first, in words. */
void nomem__residue_check_describe(const struct nomem__found *found, char *detail, size_t detail_bytes);

/* Has the next runs of a worker, which are started for each, looked at more closely, or no longer. */
void nomem__residue_runs_look(const struct nomem__campaign *campaign, struct nomem__worker *worker, bool closely);

/* Makes the runs that are due, as long as the campaign is not over. */
void nomem__residue_runs_run(struct nomem__campaign *campaign);

/* Has each worker make runs with a block table, of which start begins the first, and counts what they show. are_fresh:
 * they find files as they are outside. */
void nomem__residue_runs_make(struct nomem__campaign *campaign, bool are_fresh,
                              void (*start)(struct nomem__worker_slot *slot));

/* Makes the baseline's block table, or has its sanitizer look for leaks, if that has not been done yet. False: it
 * cannot be had, and nothing is said of what runs leave. */
bool nomem__residue_runs_prepare(struct nomem__campaign *campaign);

void nomem__residue_check_free(struct nomem__residue_check *residue_check);

#endif
