/* SPDX-License-Identifier: MIT */
#include "findings_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../text/json_values.h"
#include "../text/memory.h"
#include "terminal.h"

/* More are no glance. */
#define ROWS_MAX 20

struct row {
  const json_t *first; /* of its findings; the others have the same verdict and place */
  json_t *cases;       /* names of the tests that show one of them, as keys */
  uint64_t runs;
  size_t findings;
};

static bool is_same(const json_t *one, const json_t *other, const char *key) {
  return strcmp(nomem__json_string(one, key), nomem__json_string(other, key)) == 0;
}

/* Returns the row of a finding, which is the last one where it is the first of its kind. */
static struct row *find_row(struct row *rows, size_t *count, const json_t *finding) {
  for (size_t i = 0; i < *count; i++)
    if (is_same(rows[i].first, finding, "verdict") && is_same(rows[i].first, finding, "location") &&
        is_same(rows[i].first, finding, "location_owner"))
      return &rows[i];
  rows[*count] = (struct row){.first = finding, .cases = json_object()};
  return &rows[(*count)++];
}

static void add(struct row *row, const json_t *finding) {
  const json_t *cases = json_object_get(finding, "cases");
  row->findings++;
  row->runs += nomem__json_count(finding, "runs");
  for (size_t i = 0; i < json_array_size(cases); i++)
    json_object_set_new(row->cases, json_string_value(json_array_get(cases, i)), json_true());
}

static void print_row(const struct row *row, int verdict_columns, bool has_cases, FILE *out) {
  const char *owner = nomem__json_string(row->first, "location_owner");
  fputs("  ", out);
  nomem__colour_begin(out, NOMEM_COLOUR_VERDICT);
  fprintf(out, "%-*s", verdict_columns, nomem__json_string(row->first, "verdict"));
  nomem__colour_end(out);
  if (has_cases) fprintf(out, " %6zu", json_object_size(row->cases));
  fprintf(out, " %6" PRIu64 "  ", row->runs);
  nomem__screen_hang(out);
  nomem__colour_begin(out, NOMEM_COLOUR_PLACE);
  fputs(nomem__json_string(row->first, "location"), out);
  nomem__colour_end(out);
  if (*owner != '\0') fprintf(out, ", in %s", owner);
  if (row->findings > 1) fprintf(out, ": %zu findings", row->findings);
  fputc('\n', out);
}

static void print_rows(const struct row *rows, size_t count, bool has_cases, FILE *out) {
  int columns = (int)strlen("verdict");
  for (size_t i = 0; i < count; i++) {
    int length = (int)strlen(nomem__json_string(rows[i].first, "verdict"));
    if (length > columns) columns = length;
  }
  fprintf(out, "  %-*s%s   runs  place\n", columns, "verdict", has_cases ? "  tests" : "");
  for (size_t i = 0; i < count && i < ROWS_MAX; i++) print_row(&rows[i], columns, has_cases, out);
  if (count > ROWS_MAX) fprintf(out, "  and %zu more\n", count - ROWS_MAX);
  fputc('\n', out);
}

void nomem__findings_table_print(const json_t *document, bool is_below_lines, FILE *out) {
  const json_t *findings = json_object_get(document, "findings");
  size_t size = json_array_size(findings), counted = 0, count = 0;
  struct row *rows = nomem__calloc(size + 1, sizeof *rows);
  for (size_t i = 0; i < size; i++) {
    const json_t *finding = json_array_get(findings, i);
    if (json_is_true(json_object_get(finding, "flaky"))) continue;
    add(find_row(rows, &count, finding), finding);
    counted++;
  }
  if (counted > 1 && is_below_lines) fputc('\n', out);
  if (counted > 1) print_rows(rows, count, json_object_get(document, "cases") != NULL, out);
  for (size_t i = 0; i < count; i++) json_decref(rows[i].cases);
  free(rows);
}
