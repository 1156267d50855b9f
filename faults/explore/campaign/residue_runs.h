/* SPDX-License-Identifier: MIT */
/* The runs with a block table, or with a sanitizer that looks for leaks: residue_check.h says which are made. */
#ifndef NOMEM_RESIDUE_RUNS_H
#define NOMEM_RESIDUE_RUNS_H

#include "campaign.h"

/* Has a run looked at closely for which the program is started. */
void nomem__residue_runs_look_closely(const struct nomem__campaign *campaign, struct nomem__run_request *request);

/* Runs the baseline with a block table, or with its sanitizer looking for leaks, unless that was done before. False: it
 * cannot be had, one line on standard error has said why, and nothing is known of what runs leave. */
bool nomem__residue_runs_prepare(struct nomem__campaign *campaign);

/* Makes the runs of all points that are due once more, in the order of the schedule, looked at closely, and collects
 * what they show. nomem__residue_runs_prepare must have returned true. */
void nomem__residue_runs_make(struct nomem__campaign *campaign, const struct nomem__close_runs *runs);

/* Makes the runs that are due for what they left, as long as the campaign is not over. */
void nomem__residue_runs_make_due(struct nomem__campaign *campaign);

#endif
