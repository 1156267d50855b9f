/* SPDX-License-Identifier: MIT */
/* What a campaign found: as text for people, and as documents for machines, made from report_document.h's. */
#ifndef NOMEM_REPORT_H
#define NOMEM_REPORT_H

#include <stdio.h>

#include "../campaign/campaign.h"

struct json_t;

/* Terminal text: the findings, the worst first, each with both stacks and the line that reproduces it; then what was
 * covered. Coloured on a terminal unless NO_COLOR is set. */
void nomem__report_text(const struct nomem__campaign *campaign, FILE *out);

/* "nomem run --fail 'PLAN' -- PROGRAM ARGS", quoted for a shell. timeout_ms 0: none. leaks: what is left is
 * to be shown. */
void nomem__print_reproduction(FILE *out, const struct nomem__options *options, const char *plan, uint64_t timeout_ms,
                               bool leaks);

/* How a finding's run ended, such as "SIGSEGV at NULL + 0x18". */
void nomem__print_end(const struct nomem__finding *finding, FILE *out);

/* Write what a document says, to its end; what out refused is left to ferror(out). Return 0 or a negative code. */
int nomem__report_json(const struct json_t *document, FILE *out);
int nomem__report_junit(const struct json_t *document, FILE *out); /* XML */
int nomem__report_sarif(const struct json_t *document, FILE *out); /* 2.1.0 */
int nomem__report_tap(const struct json_t *document, FILE *out);   /* version 14 */
int nomem__report_html(const struct json_t *document, FILE *out);  /* one page that needs nothing else */

/* Whether the files of the reports that were asked for can be made; leaves none behind. Returns 0, or a negative error
 * code after one line on standard error. */
int nomem__reports_check(const struct nomem__options *options);

/* Writes all reports: the text (to standard error when another one has standard output), then those asked for. A file
 * is there as a whole or not at all. Returns 0, or a negative error code after one line on standard error. */
int nomem__reports_write(const struct nomem__campaign *campaign);

/* Whether to colour out: a terminal, and NO_COLOR not set. */
bool nomem__is_coloured(FILE *out);

#endif
