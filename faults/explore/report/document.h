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

/* Raised by any change that a reader of the old one would misread. */
#define NOMEM_DOCUMENT_VERSION 1

/* Builds values and remembers whether memory ran out, so that it is asked for once, at the end. */
struct nomem__json {
  bool failed;
};

/* Puts value, which it takes over and which may be NULL (out of memory), into an object or at the end of an array. */
void nomem__json_put(struct nomem__json *json, json_t *object, const char *key, json_t *value);
void nomem__json_add(struct nomem__json *json, json_t *array, json_t *value);

/* Text made safe. NULL: nothing is put. */
void nomem__json_text(struct nomem__json *json, json_t *object, const char *key, const char *text);
void nomem__json_number(struct nomem__json *json, json_t *object, const char *key, uint64_t number);
__attribute__((format(printf, 4, 5))) void nomem__json_format(struct nomem__json *json, json_t *object, const char *key,
                                                              const char *format, ...);

/* What a document says: never NULL, "" or 0 where there is nothing of that name and type. */
const char *nomem__json_string(const json_t *object, const char *key);
uint64_t nomem__json_count(const json_t *object, const char *key);

/* Why a finding does not count, in a few words of the caller's or the document's; NULL: it counts. */
const char *nomem__document_exclusion(const json_t *finding);

/* The frame of a stack that is to blame (object: a finding's "fault" or "blow_up"); NULL: there is none. */
const json_t *nomem__document_culprit(const json_t *trace);

/* A stack as text, a frame a line, each after indent blanks. */
void nomem__document_print_stack(FILE *out, const json_t *trace, int indent);

/* The source lines around a line of a file, as the document has them. Returns the caller's object; NULL: not there, or
 * nothing to be shown to people. */
json_t *nomem__source_lines(const char *path, unsigned line);

/* The findings of such a document alone: an array of them, the campaign's order. The caller's; NULL: out of memory. */
json_t *nomem__document_findings(const struct nomem__campaign *campaign);

/* The caller's document of a campaign that is over; NULL: out of memory. */
json_t *nomem__document(const struct nomem__campaign *campaign);

#endif
