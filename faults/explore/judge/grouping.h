/* SPDX-License-Identifier: MIT */
/* Grouping: which runs are one finding. */
#ifndef NOMEM_GROUPING_H
#define NOMEM_GROUPING_H

#include "exemplar.h"

/* As in struct nomem__finding, which is explained there. */
struct nomem__grouping {
  uint64_t hash, location_hash;
  bool needs_return_watch, is_ignored_by_test;
};

struct nomem__grouping nomem__group_run(const struct nomem__judged_run *run,
                                        const struct nomem__code_owners *code_owners,
                                        const struct nomem__run_stacks *stacks);

#endif
