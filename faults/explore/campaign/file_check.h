/* SPDX-License-Identifier: MIT */
/* What runs write to files, against what the runs without a fault write there. Only isolated runs have files of their
 * own; of others nothing is compared. */
#ifndef NOMEM_FILE_CHECK_H
#define NOMEM_FILE_CHECK_H

#include "campaign.h"

/* Whether a run wrote otherwise to files than the baselines. */
bool nomem__file_check_differs(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome);

/* Whether it said in a file that something has failed. */
bool nomem__file_check_mentions_failure(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome);

/* Whether nothing is left of the files that its arguments name, and which it always writes otherwise. */
bool nomem__file_check_is_gone(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome);

/* Describes the first difference. */
void nomem__file_check_describe(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                                char *text, size_t text_bytes);

/* Adds what a run without a fault wrote, which is empty then, to the baselines. */
void nomem__file_check_learn(struct nomem__campaign *campaign, struct nomem__written_files *files);

/* Says in a sentence how much of what the program writes to files is not compared; "": all is. */
void nomem__file_check_note(const struct nomem__campaign *campaign, char *text, size_t text_bytes);

#endif
