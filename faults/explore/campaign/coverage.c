/* SPDX-License-Identifier: MIT */
#include "coverage.h"

#include <inttypes.h>
#include <stdio.h>

/* From one call of so many on, what was not reached is much. */
#define PARTIAL_PART 4
/* From one run of so many on, it is worth saying that a test's assertion ended them. */
#define CUT_SHORT_PART 2

const struct nomem__untried_text nomem__untried_texts[NOMEM_UNTRIED_COUNT] = {
#define X(upper, lower, text) [NOMEM_UNTRIED_##upper] = {#lower, text},
    NOMEM_UNTRIED_MAP(X)
#undef X
};

static enum nomem__untried why_untried(const struct nomem__campaign *campaign, uint8_t result) {
  if (result == NOMEM__ELSEWHERE) return NOMEM_UNTRIED_SHARDS;
  if (result != 0) return NOMEM_UNTRIED_UNREACHED;
  if (campaign->session->interrupted_by != 0 || campaign->failed) return NOMEM_UNTRIED_INTERRUPTED;
  return nomem__campaign_is_over(campaign) || !campaign->session->options->quick ? NOMEM_UNTRIED_BUDGET
                                                                                 : NOMEM_UNTRIED_QUICK;
}

static bool is_exercised(uint8_t result) {
  return result != 0 && result != NOMEM__ELSEWHERE && result != NOMEM_VERDICT_UNREACHED + 1;
}

/* The transient and the persistent fault of one call follow one another in the schedule. */
static uint64_t count_scheduled(const struct nomem__campaign *campaign, struct nomem__coverage *coverage) {
  uint64_t calls = 0;
  size_t count = campaign->point_count - campaign->second_faults.second_count; /* which come last */
  for (size_t i = 0, next; i < count; i = next) {
    const struct nomem__point *point = &campaign->points[i];
    bool was_exercised = false;
    for (next = i; next < count && campaign->points[next].site == point->site &&
                   campaign->points[next].occurrence == point->occurrence;
         next++)
      was_exercised |= is_exercised(campaign->states[next].result);
    if (was_exercised)
      coverage->calls_exercised++;
    else
      coverage->untried[why_untried(campaign, campaign->states[i].result)]++;
    calls++;
  }
  return calls;
}

/* How a run ended that an earlier campaign has made is not kept. */
static void count_asserted(const struct nomem__campaign *campaign, struct nomem__coverage *coverage) {
  for (size_t i = 0; i < campaign->point_count; i++) {
    const struct nomem__point_state *state = &campaign->states[i];
    if (state->is_known || !is_exercised(state->result)) continue;
    coverage->runs++;
    coverage->asserted_runs += state->was_asserted;
  }
}

struct nomem__coverage nomem__coverage_of(const struct nomem__campaign *campaign) {
  const struct nomem__interpreter_part *interpreters = &campaign->interpreter;
  struct nomem__coverage coverage = {.sites = campaign->site_count + interpreters->sites,
                                     .calls = campaign->sites_lost + interpreters->calls};
  uint64_t *untried = coverage.untried, scheduled = count_scheduled(campaign, &coverage);
  for (size_t i = 0; i < campaign->site_count; i++) {
    const struct nomem__campaign_site *site = &campaign->sites[i];
    coverage.sites_exercised += site->worst < NOMEM_VERDICT_UNREACHED;
    coverage.calls += site->count;
    if (site->is_left_out)
      untried[NOMEM_UNTRIED_NOT_CHOSEN] += site->count;
    else if (site->is_tests)
      untried[NOMEM_UNTRIED_TESTS] += site->count;
  }
  coverage.second_faults = campaign->second_faults.second_count + campaign->second_faults.left_out;
  for (size_t i = campaign->point_count - campaign->second_faults.second_count; i < campaign->point_count; i++)
    coverage.second_faults_exercised += is_exercised(campaign->states[i].result);
  untried[NOMEM_UNTRIED_NO_SITE] = campaign->sites_lost;
  untried[NOMEM_UNTRIED_INTERPRETER] = interpreters->calls;
  untried[NOMEM_UNTRIED_MAX_POINTS] = campaign->calls_scheduled - scheduled;
  untried[NOMEM_UNTRIED_OCCURRENCE_CLASSES] = coverage.calls - campaign->sites_lost -
                                              untried[NOMEM_UNTRIED_NOT_CHOSEN] - untried[NOMEM_UNTRIED_TESTS] -
                                              interpreters->calls - campaign->calls_scheduled;
  count_asserted(campaign, &coverage);
  coverage.calls_due = scheduled - untried[NOMEM_UNTRIED_SHARDS];
  return coverage;
}

bool nomem__coverage_is_empty(const struct nomem__coverage *coverage) {
  return coverage->calls_due > 0 && coverage->calls_exercised == 0;
}

bool nomem__coverage_is_partial(const struct nomem__coverage *coverage) {
  return coverage->untried[NOMEM_UNTRIED_UNREACHED] > coverage->calls_due / PARTIAL_PART;
}

bool nomem__coverage_is_cut_short(const struct nomem__coverage *coverage) {
  return coverage->asserted_runs > coverage->runs / CUT_SHORT_PART;
}

void nomem__coverage_say_cut_short(const struct nomem__coverage *coverage, char text[NOMEM_CUT_SHORT_BYTES]) {
  snprintf(text, NOMEM_CUT_SHORT_BYTES,
           "%" PRIu64 " of %" PRIu64
           " run%s ended at the test's first failed assertion: no clean-up code was run after "
           "the failure",
           coverage->asserted_runs, coverage->runs, coverage->runs == 1 ? "" : "s");
}
