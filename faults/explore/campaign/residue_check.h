/* SPDX-License-Identifier: MIT */
/* Which runs are looked at more closely for what they left behind.
 *
 * Every run counts its blocks, which costs next to nothing. A run that ended as the baseline did, but with other blocks
 * in use than either baseline, is made once more, started anew and with a block table (residue_runs.h). Where the
 * program has a sanitizer that looks for leaks, the sanitizer is switched on in that run instead.
 */
#ifndef NOMEM_RESIDUE_CHECK_H
#define NOMEM_RESIDUE_CHECK_H

#include "../judge/code_owner.h"
#include "../judge/held_watch.h"
#include "../judge/verdict.h"
#include "../options/options.h"
#include "../residue/residue.h"
#include "../run/outcome.h"

struct nomem__residue_check {
  struct nomem__baseline_residue baseline;
  enum nomem_watch watch; /* of runs without a block table */
  bool is_prepared;       /* the baseline was run with a block table, or with its sanitizer looking for leaks */
  bool was_leak_checked;  /* the sanitizer looked, and the baseline ended as ever */
  bool ends_otherwise, writes_otherwise; /* the baseline does when it is looked at so closely */
  const struct nomem__held_watch *held;  /* of the run that is being judged; NULL: none watched it */
  char **first_paths; /* of each point whose run left a file: the path, before that run is made once more; owned */
  size_t first_path_room;
};

/* Whether what a run left counts, by how it ended: it got by without the memory, or --leaks all takes any exit. */
bool nomem__residue_check_counts(enum nomem__leaks leaks, int baseline_status, int root_status);

/* Whether a run gave up in a way that what a function below its main() lost counts. */
bool nomem__residue_check_gave_up(enum nomem__leaks leaks, int baseline_status, int root_status);

/* What a run left, against the baseline. To be computed once, when the run has ended; it borrows from the outcome. */
void nomem__residue_check_compute(const struct nomem__residue_check *check, enum nomem__leaks leaks,
                                  int baseline_status, const struct nomem__outcome *outcome,
                                  const struct nomem__code_owners *code_owners, struct nomem__residue *residue);

/* Whether a run with this verdict is to be made once more for what it left. */
bool nomem__residue_check_is_due(const struct nomem__residue *residue, enum nomem__verdict verdict);

/* Notes the file that the run of a point left, which is to be made once more: the next run may give it another name. */
void nomem__residue_check_note_path(struct nomem__residue_check *check, const struct nomem__residue *residue,
                                    size_t rank, size_t point_count);

/* The path that was noted; NULL: none was. */
const char *nomem__residue_check_first_path(const struct nomem__residue_check *check, size_t rank);

void nomem__residue_check_free(struct nomem__residue_check *check);

#endif
