/* SPDX-License-Identifier: MIT */
/* All findings of a document as text for people: those that count first and in full, the others in short. */
#ifndef NOMEM_FINDINGS_TEXT_H
#define NOMEM_FINDINGS_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* In which part of the text a finding stands. */
enum nomem__listing {
  NOMEM_LISTING_COUNTED,
  NOMEM_LISTING_FLAKY,
  NOMEM_LISTING_ADVISORY,
  NOMEM_LISTING_EXCLUDED,
  NOMEM_LISTINGS
};

/* Prints them, and counts those of each part. is_quiet: only those that count. */
void nomem__findings_text_print(const json_t *document, bool is_quiet, bool is_verbose, size_t counts[NOMEM_LISTINGS],
                                FILE *out);

/* Prints how many there are of each part, between what comes before and what a finding is counted by:
 * "3 findings by cause, 1 flaky". */
void nomem__findings_text_count(const size_t counts[NOMEM_LISTINGS], const char *before, const char *by, FILE *out);

/* Whether any stands in the text that does not count. */
bool nomem__findings_text_has_others(const size_t counts[NOMEM_LISTINGS]);

/* Prints what the document says is to be done next. */
void nomem__findings_text_next(const json_t *document, FILE *out);

#endif
