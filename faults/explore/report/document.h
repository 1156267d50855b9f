/* SPDX-License-Identifier: MIT */
/* The document behind all reports for machines: what a campaign found, as one JSON value (docs/reports.md has its
 * schema). --json writes it as it is; every other report is made from it and from nothing else.
 *
 * Every text in it has been through nomem__print_safe: it is UTF-8, on one line, and neither drives a terminal nor
 * reorders what it stands in. It can still hold any markup.
 */
#ifndef NOMEM_DOCUMENT_H
#define NOMEM_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "../campaign/campaign.h"
#include "../text/json_values.h"

/* Raised by any change that a reader of the old one would misread. */
#define NOMEM_DOCUMENT_VERSION 1

/* Why a finding does not count, in a few words of the caller's or the document's; NULL: it counts. */
const char *nomem__document_exclusion(const json_t *finding);

/* The findings of such a document alone: an array of them, the campaign's order. The caller's; NULL: out of memory. */
json_t *nomem__document_findings(const struct nomem__campaign *campaign);

/* The caller's document of a campaign that is over; NULL: out of memory. */
json_t *nomem__document(const struct nomem__campaign *campaign);

#endif
