/* SPDX-License-Identifier: MIT */
/* One finding as text for people: the source first, then the stacks that it does not show. */
#ifndef NOMEM_FINDING_TEXT_H
#define NOMEM_FINDING_TEXT_H

#include "../campaign/campaign.h"

/* Prints it in full. */
void nomem__print_finding(const struct nomem__campaign *campaign, const struct nomem__finding *finding, FILE *out);

/* Prints how to see it again: the line that reproduces it, and, where there is a store, the one that debugs it. */
void nomem__print_ways_back(const struct nomem__campaign *campaign, const struct nomem__finding *finding, FILE *out);

/* The stack whose culprit names the finding. */
const struct nomem__trace *nomem__naming_trace(const struct nomem__finding *finding);

#endif
