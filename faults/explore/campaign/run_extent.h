/* SPDX-License-Identifier: MIT */
/* How far a run without a fault goes: which programs were injected in it, and how many allocations they made. An engine
 * that does not come as far as the baseline tries less than it should, whatever its runs write and return. Pure.
 */
#ifndef NOMEM_RUN_EXTENT_H
#define NOMEM_RUN_EXTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "../../channel.h"

struct nomem__run_extent {
  uint64_t programs;    /* a hash of their paths, in order */
  uint64_t allocations; /* until its last process exited; 0: not known, because that ended without exit() */
};

/* What two baselines have in common. */
struct nomem__baseline_extent {
  struct nomem__run_extent first;
  bool has_same_programs, has_same_allocations; /* in both: only then another run must have them, too */
};

struct nomem__run_extent nomem__run_extent_of(const struct nomem_channel *channel);

/* may_race: threads may make other numbers of allocations in each run. */
struct nomem__baseline_extent nomem__baseline_extent_of(const struct nomem__run_extent *first,
                                                        const struct nomem__run_extent *second, bool may_race);

/* Whether a run without a fault went as far as the baselines. */
bool nomem__run_extent_is_same(const struct nomem__baseline_extent *baseline, const struct nomem__run_extent *run);

#endif
