/* SPDX-License-Identifier: MIT */
/* The JSON report: what a campaign found, as one value (docs/reports.md has its schema). --json writes it as it is;
 * every other report for machines, and the page, is made from it and from nothing else.
 *
 * Every text in it has been through nomem__print_safe: it is UTF-8, on one line, and neither drives a terminal nor
 * reorders what it stands in. It can still hold any markup.
 */
#ifndef NOMEM_DOCUMENT_H
#define NOMEM_DOCUMENT_H

#include <jansson.h>

#include "../campaign/campaign.h"
#include "../text/json_values.h"

/* Raised by any change that a reader of the old version would misread. */
#define NOMEM_DOCUMENT_VERSION 2

/* Builds the document of a campaign that is over; without its sites, which only some reports show, if they are not
 * wanted. The caller's; NULL: memory was short. */
json_t *nomem__document_make(const struct nomem__campaign *campaign, bool has_sites);

/* Builds the findings of such a document alone: an array of them, in the campaign's order. The caller's; NULL: memory
 * was short. */
json_t *nomem__document_make_findings(const struct nomem__campaign *campaign);

/* Puts what heads every document: format, version, tool and date; the working directory and the root of the sources. */
void nomem__document_put_origin(struct nomem__json *json, json_t *document);

/* Puts all verdicts that there are, with so many runs of each. */
void nomem__document_put_verdicts(struct nomem__json *json, json_t *document, bool is_strict,
                                  const uint64_t runs[NOMEM_VERDICT_COUNT]);

/* A pass that took so many runs, and seconds: an object of the caller's. */
json_t *nomem__document_make_pass(struct nomem__json *json, enum nomem__pass pass, uint64_t runs, double seconds);

/* Returns why a finding of a document does not count, in a few words that live as long as the document; NULL: it does.
 */
const char *nomem__document_find_exclusion(const json_t *finding);

/* Returns what a call of a document did, such as "returned NULL", or of a hostile allocator "moved the block": a text
 * that lives as long as the document. */
const char *nomem__document_effect(const json_t *call);

/* Whether a document has a finding that counts. */
bool nomem__document_has_findings(const json_t *document);

#endif
