/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "../campaign/coverage.h"
#include "../judge/verdict.h"
#include "../text/json_values.h"
#include "../text/printable.h"
#include "coverage_text.h"
#include "findings_table.h"
#include "findings_text.h"
#include "report.h"

/* Returns a path below the working directory as seen from there, and any other as it is. */
static const char *shorten_path(const char *path) {
  char here[PATH_MAX];
  size_t length = getcwd(here, sizeof here) != NULL ? strlen(here) : 0;
  return length > 1 && strncmp(path, here, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

static void print_program(const json_t *document, FILE *out) {
  const json_t *baseline = json_object_get(document, "baseline"), *coverage = json_object_get(document, "coverage");
  const char *others = nomem__json_string(document, "other_images");
  uint64_t allocations = nomem__json_count(baseline, "allocations");
  uint64_t sites = nomem__json_count(coverage, "sites") + nomem__json_count(coverage, "interpreter_sites");
  fprintf(out, "nomem: %s%s%s: %" PRIu64 " allocation%s at %" PRIu64 " site%s, %.1f ms a run\n",
          shorten_path(nomem__json_string(document, "image")), *others != '\0' ? " and " : "", others, allocations,
          nomem__plural(allocations), sites, nomem__plural(sites),
          (double)nomem__json_count(baseline, "microseconds") / 1e3);
}

/* Ends the line with the number of findings, which says little where much was not reached. */
static void print_time(const json_t *document, FILE *out) {
  const json_t *coverage = json_object_get(document, "coverage");
  fprintf(out, " (%.1f s", json_real_value(json_object_get(document, "seconds")));
  if (json_is_true(json_object_get(coverage, "partial")))
    fprintf(out, "; but %" PRIu64 " of the %" PRIu64 " calls that were to fail were not reached again",
            nomem__json_count(json_object_get(coverage, "calls_not_exercised"), "not_reached"),
            nomem__json_count(coverage, "calls_due"));
  fputs(")\n", out);
}

static void print_verdicts(const json_t *document, const size_t counts[NOMEM_LISTINGS], FILE *out) {
  const json_t *verdicts = json_object_get(document, "verdicts");
  uint64_t runs = 0;
  for (size_t v = 0; v < json_array_size(verdicts); v++) runs += nomem__json_count(json_array_get(verdicts, v), "runs");
  fprintf(out, "%" PRIu64 " run%s%s", runs, nomem__plural(runs), runs > 0 ? ":" : "");
  const char *separator = " ";
  for (size_t v = 0; v < json_array_size(verdicts); v++) {
    const json_t *verdict = json_array_get(verdicts, v);
    if (nomem__json_count(verdict, "runs") == 0) continue;
    fprintf(out, "%s%" PRIu64 " %s", separator, nomem__json_count(verdict, "runs"),
            nomem__json_string(verdict, "name"));
    separator = ", ";
  }
  nomem__findings_text_count(counts, "; ", "", out);
  print_time(document, out);
}

static void print_engines(const json_t *document, FILE *out) {
  json_t *engines = json_object_get(document, "engines"), *runs;
  uint64_t more = nomem__json_count(json_object_get(document, "coverage"), "heap_check_runs");
  const char *separator = " ", *name, *reason = nomem__json_string(document, "engine_reason");
  fputs("engines:", out);
  json_object_foreach(engines, name, runs) {
    fprintf(out, "%s%" JSON_INTEGER_FORMAT " runs by %s", separator, json_integer_value(runs), name);
    separator = ", ";
  }
  if (more > 0) fprintf(out, "%s%" PRIu64 " more for heap errors", separator, more);
  if (*reason != '\0') fprintf(out, " (none faster: %s)", reason);
  fputc('\n', out);
}

static void print_coverage(const json_t *document, FILE *out) {
  const json_t *coverage = json_object_get(document, "coverage");
  const json_t *untried = json_object_get(coverage, "calls_not_exercised");
  uint64_t sites = nomem__json_count(coverage, "sites"), calls = nomem__json_count(coverage, "calls");
  uint64_t second = nomem__json_count(coverage, "second_faults"),
           exercised = nomem__json_count(coverage, "calls_exercised");
  fprintf(out, "exercised %" PRIu64 " of %" PRIu64 " site%s, %" PRIu64 " of %" PRIu64 " allocation point%s",
          nomem__json_count(coverage, "sites_exercised"), sites, nomem__plural(sites), exercised, calls,
          nomem__plural(calls));
  if (second > 0)
    fprintf(out, ", %" PRIu64 " of %" PRIu64 " second fault%s in recovery",
            nomem__json_count(coverage, "second_faults_exercised"), second, nomem__plural(second));
  if (nomem__json_count(coverage, "second_faults_skipped") > 0)
    fprintf(out, " (%" PRIu64 " more than are tried without --all)",
            nomem__json_count(coverage, "second_faults_skipped"));
  fputc('\n', out);
  const char *separator = "not exercised: ";
  for (unsigned i = 0; i < NOMEM_UNTRIED_COUNT; i++) {
    uint64_t count = nomem__json_count(untried, nomem__untried_texts[i].name);
    if (count == 0) continue;
    fprintf(out, "%s%" PRIu64 " %s", separator, count, nomem__untried_texts[i].text);
    separator = ", ";
  }
  if (exercised < calls) fputc('\n', out);
}

void nomem__report_text(const json_t *document, bool is_quiet, bool is_verbose, FILE *out) {
  const json_t *notes = json_object_get(document, "notes");
  size_t counts[NOMEM_LISTINGS];
  if (!is_quiet) print_program(document, out);
  nomem__findings_text_print(document, is_quiet, is_verbose, counts, out);
  if (is_quiet) return;
  nomem__findings_table_print(document, nomem__findings_text_has_others(counts), out);
  print_verdicts(document, counts, out);
  if (is_verbose) print_engines(document, out);
  print_coverage(document, out);
  nomem__coverage_text_print(document, is_verbose, out);
  for (size_t i = 0; i < json_array_size(notes); i++) fprintf(out, "%s\n", json_string_value(json_array_get(notes, i)));
  nomem__findings_text_next(document, out);
}
