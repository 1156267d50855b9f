/* SPDX-License-Identifier: MIT */
/* What share of a program's allocations was failed, and why the rest was not. */
#ifndef NOMEM_COVERAGE_H
#define NOMEM_COVERAGE_H

#include "campaign.h"

/* Why a call was not failed, its name in JSON, and what the text says of so many of them. */
#define NOMEM_LEFT_MAP(X)                                                         \
  X(OCCURRENCE_CLASSES, occurrence_class,                                         \
    "beyond each site's first, second, 4th, 8th ... and last (--all tries them)") \
  X(NOT_CHOSEN, site_filter, "at sites that --sites leaves out")                  \
  X(TESTS, test_code, "that test code makes itself")                              \
  X(MAX_POINTS, max_points, "beyond --max-points")                                \
  X(BUDGET, budget, "when the time was up")                                       \
  X(INTERRUPTED, interrupted, "when it was interrupted")                          \
  X(SHARDS, other_shards, "of other shards")                                      \
  X(UNREACHED, not_reached, "not reached again")                                  \
  X(NO_SITE, no_site, "with more call stacks than fit")

enum nomem__leaked {
#define X(upper, lower, text) NOMEM_LEFT_##upper,
  NOMEM_LEFT_MAP(X)
#undef X
      NOMEM_LEFT_COUNT
};

struct nomem__leak_text {
  const char *name, *text;
};

extern const struct nomem__leak_text nomem__leak_texts[NOMEM_LEFT_COUNT];

/* Calls are allocations of the baseline. One is exercised when a run came to it and it was failed there, whether or not
 * all later ones were too; a site, when one of its calls was. */
struct nomem__coverage {
  uint64_t sites, sites_exercised;
  uint64_t calls, calls_exercised;
  uint64_t second_faults, recoveries_exercised; /* sites that only a failed call leads to: second faults */
  uint64_t left[NOMEM_LEFT_COUNT];              /* calls; with the exercised ones they add up to all */
};

/* Counts what the results of a campaign say. */
struct nomem__coverage nomem__coverage_of(const struct nomem__campaign *campaign);

#endif
