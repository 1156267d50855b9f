/* SPDX-License-Identifier: MIT */
/* Findings that do not count for the exit status: those that a rule suppresses, that are the test's, that a run
 * without a fault shows, too, that the store of --baseline has, and without --strict advisory ones. */
#ifndef NOMEM_EXCLUSIONS_H
#define NOMEM_EXCLUSIONS_H

#include <jansson.h>

#include "../judge/suppressions.h"
#include "../store/evidence.h"
#include "../store/stored_findings.h"
#include "../text/strings.h"
#include "campaign.h"

struct nomem__exclusions {
  struct nomem__suppressions suppressions;
  struct nomem__stored_findings baseline;
  struct nomem__strings reasons;
};

/* Reads the files that the options name. Returns 0, or a negative error code after a line on standard error. */
int nomem__exclusions_open(struct nomem__exclusions *rules, const struct nomem__options *options);

/* Gives every finding that is not to count its reason, which belongs to the rules. documents: one of each finding, in
 * the same order. */
void nomem__exclusions_mark(struct nomem__exclusions *rules, struct nomem__campaign *campaign, const json_t *documents);

/* Moves the findings with a reason from campaign->findings to campaign->excluded; both keep their order. */
void nomem__exclusions_split(struct nomem__campaign *campaign);

/* Says which of the user's suppressions matched nothing. */
void nomem__exclusions_say_unused(const struct nomem__exclusions *rules);

void nomem__exclusions_close(struct nomem__exclusions *rules);

#endif
