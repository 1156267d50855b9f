/* SPDX-License-Identifier: MIT */
#include "findings_text.h"

#include <inttypes.h>
#include <string.h>

#include "../text/json_values.h"
#include "finding_text.h"

/* So many of each part are shown in short. */
#define SHORT_MAX 10

static const char *const names[] = {
    [NOMEM_LISTING_FLAKY] = "flaky", [NOMEM_LISTING_ADVISORY] = "advisory", [NOMEM_LISTING_EXCLUDED] = "not counted"};

/* The findings that are being printed. */
struct listed {
  const json_t *findings, *excluded;
  bool is_quiet, is_verbose;
  FILE *out;
};

static size_t count_all(const struct listed *listed) {
  return json_array_size(listed->findings) + json_array_size(listed->excluded);
}

/* Numbers them through: those that count, then the others. */
static const json_t *get(const struct listed *listed, size_t number) {
  size_t counted = json_array_size(listed->findings);
  return number < counted ? json_array_get(listed->findings, number)
                          : json_array_get(listed->excluded, number - counted);
}

static enum nomem__listing listing_of(const json_t *finding) {
  bool is_advisory = json_is_true(json_object_get(finding, "advisory"));
  if (json_object_get(finding, "exclusion") != NULL && !is_advisory) return NOMEM_LISTING_EXCLUDED;
  if (json_is_true(json_object_get(finding, "flaky"))) return NOMEM_LISTING_FLAKY;
  return is_advisory ? NOMEM_LISTING_ADVISORY : NOMEM_LISTING_COUNTED;
}

static bool has_same(const json_t *finding, const json_t *other, const char *key) {
  return strcmp(nomem__json_string(finding, key), nomem__json_string(other, key)) == 0;
}

/* Whether two findings that were set aside would have the same line, but for their runs. */
static bool has_same_line(const json_t *finding, const json_t *other) {
  return listing_of(finding) == NOMEM_LISTING_EXCLUDED && listing_of(other) == NOMEM_LISTING_EXCLUDED &&
         has_same(finding, other, "verdict") && has_same(finding, other, "exclusion") &&
         has_same(finding, other, "location");
}

/* The first finding from a number on that has the same line as this one; as many as there are: none. */
static size_t find_same_line(const struct listed *listed, const json_t *finding, size_t from) {
  while (from < count_all(listed) && !has_same_line(finding, get(listed, from))) from++;
  return from;
}

/* Prints one in a line; of those that were set aside, with all that have the same line. */
static void print_short(const struct listed *listed, size_t number) {
  const json_t *finding = get(listed, number);
  enum nomem__listing listing = listing_of(finding);
  uint64_t runs = nomem__json_count(finding, "runs");
  unsigned alike = 1;
  for (size_t i = number; (i = find_same_line(listed, finding, i + 1)) < count_all(listed); alike++)
    runs += nomem__json_count(get(listed, i), "runs");
  fprintf(listed->out, "%s: %s in %s, %" PRIu64 " run%s", names[listing], nomem__json_string(finding, "verdict"),
          nomem__json_string(finding, "location"), runs, runs == 1 ? "" : "s");
  if (alike > 1) fprintf(listed->out, " in %u findings", alike);
  fprintf(listed->out, ": %s\n",
          listing == NOMEM_LISTING_FLAKY      ? "not when it was tried again"
          : listing == NOMEM_LISTING_ADVISORY ? nomem__json_string(finding, "meaning")
                                              : nomem__json_string(finding, "exclusion"));
  if (listing == NOMEM_LISTING_EXCLUDED) return;
  fprintf(listed->out, "  what came of it: %s\n", nomem__json_string(finding, "end"));
  nomem__print_ways_back(finding, listed->is_verbose, listed->out);
}

/* Prints those of one part. Returns how many there are. */
static size_t print_part(const struct listed *listed, enum nomem__listing listing) {
  size_t count = 0, lines = 0;
  for (size_t i = 0; i < count_all(listed); i++) {
    const json_t *finding = get(listed, i);
    if (listing_of(finding) != listing) continue;
    if (listing == NOMEM_LISTING_COUNTED && (count > 0 || !listed->is_quiet)) fputc('\n', listed->out);
    count++;
    if (listing == NOMEM_LISTING_COUNTED)
      nomem__print_finding(finding, listed->is_verbose, listed->out);
    else if (!listed->is_quiet && find_same_line(listed, finding, 0) >= i && lines++ < SHORT_MAX)
      print_short(listed, i);
  }
  if (listing == NOMEM_LISTING_COUNTED && count > 0 && !listed->is_quiet) fputc('\n', listed->out);
  if (lines > SHORT_MAX && !listed->is_quiet)
    fprintf(listed->out, "%s: %zu more (--html and --json have all)\n", names[listing], lines - SHORT_MAX);
  return count;
}

void nomem__findings_text_print(const json_t *document, bool is_quiet, bool is_verbose, size_t counts[NOMEM_LISTINGS],
                                FILE *out) {
  const struct listed listed = {.findings = json_object_get(document, "findings"),
                                .excluded = json_object_get(document, "excluded"),
                                .is_quiet = is_quiet,
                                .is_verbose = is_verbose,
                                .out = out};
  for (enum nomem__listing listing = 0; listing < NOMEM_LISTINGS; listing++)
    counts[listing] = print_part(&listed, listing);
}

void nomem__findings_text_count(const size_t counts[NOMEM_LISTINGS], const char *before, const char *by, FILE *out) {
  size_t counted = counts[NOMEM_LISTING_COUNTED];
  fprintf(out, "%s%zu finding%s%s", before, counted, counted == 1 ? "" : "s", by);
  for (enum nomem__listing listing = NOMEM_LISTING_FLAKY; listing < NOMEM_LISTINGS; listing++)
    if (counts[listing] > 0) fprintf(out, ", %zu %s", counts[listing], names[listing]);
}

bool nomem__findings_text_has_others(const size_t counts[NOMEM_LISTINGS]) {
  size_t others = 0;
  for (enum nomem__listing listing = NOMEM_LISTING_FLAKY; listing < NOMEM_LISTINGS; listing++)
    others += counts[listing];
  return others > 0;
}

void nomem__findings_text_next(const json_t *document, FILE *out) {
  const char *next = nomem__json_string(document, "next");
  if (*next != '\0') fprintf(out, "next: %s\n", next);
}
