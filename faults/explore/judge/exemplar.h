/* SPDX-License-Identifier: MIT */
/* The run that a finding shows: its stacks, its threads, and how it ended. */
#ifndef NOMEM_EXEMPLAR_H
#define NOMEM_EXEMPLAR_H

#include "finding.h"

/* What is known of a run before it is decided which finding it belongs to, and whether that one shows it. Paths are
 * borrowed. */
struct nomem__run_stacks {
  struct nomem__trace fault, blow_up, block, freed;
  struct nomem__trace loser; /* of a leak: where the call was failed, its culprit the function that lost the block */
  struct nomem__unchecked_call unchecked;
  struct nomem__waiter *threads; /* owned; NULL: none */
  size_t shown_thread;
};

/* Returns 0, and in *run what is to be freed by nomem__set_exemplar or by free(run->threads); or -ENOMEM. */
int nomem__collect_stacks(const struct nomem__judged_run *found, const struct nomem__code_owners *code_owners,
                          struct nomem__run_stacks *run);

/* Makes this run the one that the finding shows, which then owns run->threads. Returns 0 or -ENOMEM. */
int nomem__set_exemplar(struct nomem__finding *finding, const struct nomem__judged_run *found,
                        struct nomem__run_stacks *run);

/* Frees what a finding owns of the run that it shows. */
void nomem__free_exemplar(struct nomem__finding *finding);

#endif
