/* SPDX-License-Identifier: MIT */
/* The exemplar of a finding, which is the run that it shows: its stacks, its threads, and how it ended. */
#ifndef NOMEM_EXEMPLAR_H
#define NOMEM_EXEMPLAR_H

#include "finding.h"

/* The stacks of a run. They are collected before it is known which finding it belongs to, and whether that finding
 * shows it. Paths are borrowed. */
struct nomem__run_stacks {
  struct nomem__trace fault, blow_up, block, freed;
  uint32_t fault_number;            /* of the failed call that is shown */
  struct nomem__trace leaking_call; /* of a leak: the stack of the failed call, whose culprit lost the blocks */
  struct nomem__unchecked_call unchecked;
  struct nomem__waiter *threads; /* owned; NULL: none */
  size_t shown_thread;
};

/* The caller frees stacks->threads, unless nomem__set_exemplar has taken them over. */
void nomem__collect_stacks(const struct nomem__judged_run *run, const struct nomem__code_owners *code_owners,
                           struct nomem__run_stacks *stacks);

/* Makes this run the one that the finding shows, which then owns stacks->threads. */
void nomem__set_exemplar(struct nomem__finding *finding, const struct nomem__judged_run *run,
                         struct nomem__run_stacks *stacks);

/* Frees what a finding owns of the run that it shows. */
void nomem__free_exemplar(struct nomem__finding *finding);

#endif
