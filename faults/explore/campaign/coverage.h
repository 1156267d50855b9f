/* SPDX-License-Identifier: MIT */
/* What share of a program's allocations was failed, and why the rest was not. */
#ifndef NOMEM_COVERAGE_H
#define NOMEM_COVERAGE_H

#include "campaign.h"

/* Why a call was not failed: the reason's name in JSON, and what the text report says of so many calls. */
#define NOMEM_UNTRIED_MAP(X)                                                      \
  X(OCCURRENCE_CLASSES, occurrence_class,                                         \
    "beyond each site's first, second, 4th, 8th ... and last (--all tries them)") \
  X(NOT_CHOSEN, site_filter, "at sites that --sites leaves out")                  \
  X(TESTS, test_code, "that test code makes itself")                              \
  X(INTERPRETER, interpreter, "that the interpreter makes for itself")            \
  X(MAX_POINTS, max_points, "beyond --max-points")                                \
  X(BUDGET, budget, "when the time was up")                                       \
  X(QUICK, quick, "beyond three tests for each common site (--quick)")            \
  X(INTERRUPTED, interrupted, "when it was interrupted")                          \
  X(SHARDS, other_shards, "of other shards")                                      \
  X(UNREACHED, not_reached, "not reached again")                                  \
  X(NO_SITE, no_site, "with more call stacks than fit")

enum nomem__untried {
#define X(upper, lower, text) NOMEM_UNTRIED_##upper,
  NOMEM_UNTRIED_MAP(X)
#undef X
      NOMEM_UNTRIED_COUNT
};

struct nomem__untried_text {
  const char *name, *text;
};

extern const struct nomem__untried_text nomem__untried_texts[NOMEM_UNTRIED_COUNT];

/* Calls are allocations of the baseline. A call is exercised when a run came to it and it was failed there, whether or
 * not all later calls failed as well; a site is exercised when one of its calls is. */
struct nomem__coverage {
  uint64_t sites, sites_exercised;
  uint64_t calls, calls_exercised;
  uint64_t second_faults, second_faults_exercised; /* sites that only a failed call leads to */
  uint64_t untried[NOMEM_UNTRIED_COUNT];           /* calls; together with the exercised ones these are all calls */
  uint64_t calls_due;                              /* those that this campaign, or this shard of it, was to fail */
  uint64_t runs, asserted_runs; /* made now, with a fault; and those of them that an assertion of the test ended */
};

/* Counts what the results of a campaign say. */
struct nomem__coverage nomem__coverage_of(const struct nomem__campaign *campaign);

/* Whether nothing was exercised that should have been. Then it is not known whether there is anything to find. */
bool nomem__coverage_is_empty(const struct nomem__coverage *coverage);

/* Whether so many calls were not reached again that it has to be said beside the number of findings. */
bool nomem__coverage_is_partial(const struct nomem__coverage *coverage);

/* Whether so many runs ended at an assertion of the test that it has to be said: what code would have released or used
 * afterwards was not tried. */
bool nomem__coverage_is_cut_short(const struct nomem__coverage *coverage);

/* Writes that as a sentence. */
#define NOMEM_CUT_SHORT_BYTES 192
void nomem__coverage_say_cut_short(const struct nomem__coverage *coverage, char text[NOMEM_CUT_SHORT_BYTES]);

#endif
