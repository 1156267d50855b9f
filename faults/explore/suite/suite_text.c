/* SPDX-License-Identifier: MIT */
#include "suite_text.h"

#include <inttypes.h>
#include <string.h>

#include "../report/coverage_text.h"
#include "../report/finding_text.h"
#include "../report/findings_table.h"
#include "../report/findings_text.h"
#include "../report/report.h"
#include "../text/json_values.h"
#include "../text/printable.h"
#include "suite_cases.h"

static bool has_result(const json_t *suite_case, const char *result) {
  return strcmp(nomem__json_string(suite_case, "result"), result) == 0;
}

/* One line for each reason, with the tests that have it. Returns whether there was any. */
static bool print_left_out(FILE *out, const json_t *cases) {
  bool has_any = false;
  for (unsigned why = 1; why < NOMEM_LEFT_OUT_COUNT; why++) {
    if (why == NOMEM_LEFT_OUT_NOT_CHOSEN) continue;
    for (size_t i = 0; i < json_array_size(cases); i++) {
      const json_t *first = json_array_get(cases, i);
      const char *reason = nomem__json_string(first, "reason");
      if (!has_result(first, nomem__left_out_names[why])) continue;
      json_t *names = json_array();
      bool was_printed = false;
      for (size_t j = 0; j < json_array_size(cases); j++) {
        const json_t *other = json_array_get(cases, j);
        bool is_same =
            has_result(other, nomem__left_out_names[why]) && strcmp(nomem__json_string(other, "reason"), reason) == 0;
        was_printed |= is_same && j < i;
        if (is_same) json_array_append(names, json_object_get(other, "name"));
      }
      if (!was_printed) {
        fputs("not explored: ", out);
        nomem__print_names(names, out);
        fprintf(out, ": %s\n", reason);
        has_any = true;
      }
      json_decref(names);
    }
  }
  return has_any;
}

static size_t count_results(const json_t *cases, const char *result) {
  size_t count = 0;
  for (size_t i = 0; i < json_array_size(cases); i++) count += has_result(json_array_get(cases, i), result);
  return count;
}

/* "12 tests explored (2 in place), 3 findings by cause; not explored: 1 failed, 2 nothing_allocated" */
static void print_summary(FILE *out, const json_t *document, const size_t counts[NOMEM_LISTINGS]) {
  const json_t *cases = json_object_get(document, "cases"), *coverage = json_object_get(document, "coverage");
  uint64_t explored = nomem__json_count(coverage, "cases_explored"), runs = nomem__json_count(coverage, "points_tried");
  uint64_t in_place = nomem__json_count(coverage, "cases_in_place");
  static const struct {
    enum nomem__left_out why;
    const char *text;
  } texts[] = {{NOMEM_LEFT_OUT_FAILED, "failed without a fault"},
               {NOMEM_LEFT_OUT_SKIPPED, "skipped"},
               {NOMEM_LEFT_OUT_NOTHING_ALLOCATED, "allocated nothing"},
               {NOMEM_LEFT_OUT_STARTED_BY_CASE, "started by a test"},
               {NOMEM_LEFT_OUT_UNFIT, "could not be explored"},
               {NOMEM_LEFT_OUT_NOT_ALONE, "cannot run alone"},
               {NOMEM_LEFT_OUT_NO_TIME, "had no time"},
               {NOMEM_LEFT_OUT_INTERRUPTED, "interrupted"},
               {NOMEM_LEFT_OUT_NOT_ENDED, "had not ended"},
               {NOMEM_LEFT_OUT_GONE, "not there any more"},
               {NOMEM_LEFT_OUT_UNKNOWN, "not known"},
               {NOMEM_LEFT_OUT_NOT_CHOSEN, "not chosen"}};
  const char *before = "; not explored: ";
  fprintf(out, "%" PRIu64 " test%s explored", explored, nomem__plural(explored));
  if (in_place > 0) fprintf(out, " (%" PRIu64 " in place)", in_place);
  nomem__findings_text_count(counts, ", ", " by cause", out);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    size_t count = count_results(cases, nomem__left_out_names[texts[i].why]);
    if (count == 0) continue;
    fprintf(out, "%s%zu %s", before, count, texts[i].text);
    before = ", ";
  }
  fprintf(out, " (%" PRIu64 " runs; %.1f s, after %.1f s of the suite itself)\n", runs,
          json_real_value(json_object_get(document, "seconds")),
          json_real_value(json_object_get(document, "recording_seconds")));
}

/* Of a suite with such tests, no findings are no pass. */
static void print_unexplored(FILE *out, const json_t *document) {
  uint64_t count = nomem__json_count(json_object_get(document, "coverage"), "cases_unexplored");
  if (count == 0) return;
  fprintf(out, "not complete: %" PRIu64 " test%s passed in the suite, but could not be explored\n", count,
          nomem__plural(count));
}

/* What was left out because there is a bound to it. */
static void print_bounds(FILE *out, const json_t *coverage) {
  uint64_t heap = nomem__json_count(coverage, "heap_checks_skipped");
  uint64_t told = nomem__json_count(coverage, "told_checks_skipped");
  if (heap > 0)
    fprintf(out, "%" PRIu64 " of %" PRIu64 " runs that ended well were not checked for heap errors\n", heap,
            heap + nomem__json_count(coverage, "heap_checks"));
  if (told > 0)
    fprintf(out,
            "of %" PRIu64 " of %" PRIu64 " reported failures it was not examined whether the test learned of them\n",
            told, told + nomem__json_count(coverage, "told_checks"));
}

static void print_coverage(FILE *out, const json_t *document) {
  const json_t *coverage = json_object_get(document, "coverage");
  uint64_t points = nomem__json_count(coverage, "points"), tried = nomem__json_count(coverage, "points_tried");
  uint64_t elsewhere = nomem__json_count(coverage, "points_in_other_shards");
  fprintf(out, "exercised %" PRIu64 " of %" PRIu64 " sites, %" PRIu64 " of %" PRIu64 " allocation points\n",
          nomem__json_count(coverage, "sites_exercised"), nomem__json_count(coverage, "sites"),
          nomem__json_count(coverage, "calls_exercised"), nomem__json_count(coverage, "calls"));
  /* Also where no more was wanted: who gives a budget wants to know what it was not enough for. */
  if (tried + elsewhere < points)
    fprintf(out, "not complete: %" PRIu64 " of %" PRIu64 " points were tried\n", tried, points);
  uint64_t cut = nomem__json_count(coverage, "closer_looks_cut_short");
  if (cut > 0)
    fprintf(out,
            "not complete: %" PRIu64
            " run%s still to be made once more, to look for heap errors or to examine "
            "whether a test learned of a failure\n",
            cut, cut == 1 ? " was" : "s were");
  print_bounds(out, coverage);
}

void nomem__suite_text_print(const json_t *document, bool is_quiet, bool is_verbose, FILE *out) {
  const json_t *warnings = json_object_get(document, "warnings");
  size_t counts[NOMEM_LISTINGS];
  nomem__findings_text_print(document, is_quiet, is_verbose, counts, out);
  if (is_quiet) return;
  bool has_lines = print_left_out(out, json_object_get(document, "cases"));
  has_lines |= nomem__findings_text_has_others(counts) || json_array_size(warnings) > 0;
  for (size_t i = 0; i < json_array_size(warnings); i++)
    fprintf(out, "%s\n", json_string_value(json_array_get(warnings, i)));
  nomem__findings_table_print(document, has_lines, out);
  print_summary(out, document, counts);
  print_unexplored(out, document);
  print_coverage(out, document);
  nomem__coverage_text_print(document, is_verbose, out);
  nomem__findings_text_next(document, out);
}

static void print_command(FILE *out, const json_t *suite_case) {
  const json_t *command = json_object_get(suite_case, "command");
  const char *folder = nomem__json_string(suite_case, "folder");
  for (size_t i = 0; i < json_array_size(command); i++)
    fprintf(out, "%s%s", i == 0 ? "  " : " ", json_string_value(json_array_get(command, i)));
  if (*folder != '\0' && strcmp(folder, ".") != 0) fprintf(out, "   (in %s)", folder);
  if (command != NULL) fputc('\n', out);
}

void nomem__suite_text_list(const json_t *document, FILE *out) {
  const json_t *cases = json_object_get(document, "cases");
  size_t left_out = 0;
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *suite_case = json_array_get(cases, i);
    left_out += json_object_get(suite_case, "reason") != NULL;
    if (json_object_get(suite_case, "reason") != NULL) continue;
    fprintf(out, "%s\n", nomem__json_string(suite_case, "name"));
    print_command(out, suite_case);
  }
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *suite_case = json_array_get(cases, i);
    if (json_object_get(suite_case, "reason") != NULL)
      fprintf(out, "left out: %s: %s\n", nomem__json_string(suite_case, "name"),
              nomem__json_string(suite_case, "reason"));
  }
  size_t count = json_array_size(cases) - left_out;
  uint64_t others = nomem__json_count(document, "other_programs");
  fprintf(out, "%zu test%s, %zu left out, %" PRIu64 " other program%s of the system, launchers and compilers\n", count,
          nomem__plural(count), left_out, others, nomem__plural(others));
}
