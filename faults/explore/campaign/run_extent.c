/* SPDX-License-Identifier: MIT */
#include "run_extent.h"

#include <stdio.h>

#include "../text/hash.h"

/* Launchers are left out: one that is not injected does not take part in a run that is forked. */
struct nomem__run_extent nomem__run_extent_of(const struct nomem_channel *channel) {
  struct nomem__run_extent extent = {.programs = NOMEM__HASH_START, .allocations = channel->screening.allocations};
  uint32_t count = channel->image_count;
  for (uint32_t i = 0; i < count && i < NOMEM_IMAGES; i++) {
    char path[NOMEM_PATH_BYTES];
    if (!channel->images[i].ready || !channel->images[i].injected) continue;
    snprintf(path, sizeof path, "%.*s", NOMEM_PATH_BYTES - 1, channel->images[i].path);
    extent.programs = nomem__hash_text(extent.programs, path);
  }
  return extent;
}

struct nomem__baseline_extent nomem__baseline_extent_of(const struct nomem__run_extent *first,
                                                        const struct nomem__run_extent *second, bool may_race) {
  return (struct nomem__baseline_extent){
      .first = *first,
      .has_same_programs = first->programs == second->programs,
      .has_same_allocations = !may_race && first->allocations != 0 && first->allocations == second->allocations};
}

bool nomem__run_extent_is_same(const struct nomem__baseline_extent *baseline, const struct nomem__run_extent *run) {
  return (!baseline->has_same_programs || run->programs == baseline->first.programs) &&
         (!baseline->has_same_allocations || run->allocations == baseline->first.allocations);
}
