/* SPDX-License-Identifier: MIT */
#include "suite_text.h"

#include <inttypes.h>
#include <string.h>

#include "../report/terminal.h"
#include "../stack/json_stack.h"
#include "../text/json_values.h"
#include "suite_cases.h"

/* So many names stand in a line. */
#define NAMES_SHOWN 5
/* So many findings that do not count have a line each. */
#define SHORT_MAX 10

static const char *plural(uint64_t count) {
  return count == 1 ? "" : "s";
}

static void print_names(FILE *out, const json_t *names) {
  size_t count = json_array_size(names);
  for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
    fprintf(out, "%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(names, i)));
  if (count > NAMES_SHOWN) fprintf(out, " and %zu more", count - NAMES_SHOWN);
}

static bool is_start_up(const json_t *frame) {
  const char *function = nomem__json_string(frame, "function");
  return strcmp(function, "_start") == 0 || strncmp(function, "__libc_start_", strlen("__libc_start_")) == 0;
}

/* Prints a stack without the frames that start a process. */
static void print_frames(FILE *out, const json_t *trace) {
  const json_t *frames = json_object_get(trace, "stack");
  size_t depth = json_array_size(frames), shown = depth;
  while (shown > 1 && is_start_up(json_array_get(frames, shown - 1))) shown--;
  json_t *list = json_array(), *cut = json_object();
  for (size_t i = 0; i < shown; i++) json_array_append(list, json_array_get(frames, i));
  json_object_set_new(cut, "stack", list);
  nomem__json_stack_print(out, cut, 4);
  json_decref(cut);
}

static void print_stack(FILE *out, const json_t *stack, const char *title) {
  if (stack == NULL) return;
  fprintf(out, "  %s\n", title);
  print_frames(out, stack);
}

/* The line of source that did not check, with the one before and the one after it. */
static void print_unchecked(FILE *out, const json_t *unchecked) {
  const json_t *source = json_object_get(unchecked, "source"), *lines = json_object_get(source, "lines");
  uint64_t first = nomem__json_count(source, "first"), line = nomem__json_count(unchecked, "line");
  const char *file = nomem__json_string(unchecked, "file");
  if (unchecked == NULL) return;
  fprintf(out, "  %s: %s (", json_is_true(json_object_get(unchecked, "was_checked")) ? "left NULL" : "not checked",
          nomem__json_string(unchecked, "function"));
  if (*file != '\0')
    fprintf(out, "%s:%" PRIu64 ")\n", file, line);
  else
    fprintf(out, "%s+%s)\n", nomem__json_string(unchecked, "module"), nomem__json_string(unchecked, "offset"));
  for (size_t i = 0; i < json_array_size(lines); i++)
    if (first + i + 1 >= line && first + i <= line + 1)
      fprintf(out, "    %c%5" PRIu64 " | %s\n", first + i == line ? '>' : ' ', first + i,
              json_string_value(json_array_get(lines, i)));
}

static const char *find_title(const json_t *finding) {
  const char *verdict = nomem__json_string(finding, "verdict");
  if (strcmp(verdict, "hang") == 0) return "where it hangs: ";
  if (strcmp(verdict, "leak") == 0) return "what was leaked, allocated here: ";
  return json_object_get(finding, "blow_up") != NULL ? "where it blew up: " : "what came of it: ";
}

static void print_finding(FILE *out, const json_t *finding) {
  const json_t *fault = json_object_get(finding, "fault"), *cases = json_object_get(finding, "cases");
  const json_t *blow_up = json_object_get(finding, "blow_up");
  uint64_t runs = nomem__json_count(finding, "runs"), bytes = nomem__json_count(fault, "bytes");
  size_t case_count = json_array_size(cases);
  nomem__colour_begin(out, NOMEM_COLOUR_VERDICT);
  fputs(nomem__json_string(finding, "verdict"), out);
  nomem__colour_end(out);
  fprintf(out, " in %s: %s, %zu test%s show%s it in %" PRIu64 " run%s\n", nomem__json_string(finding, "location"),
          nomem__json_string(finding, "meaning"), case_count, plural(case_count), case_count == 1 ? "s" : "", runs,
          plural(runs));
  print_unchecked(out, json_object_get(finding, "unchecked"));
  fputs("  shown by: ", out);
  print_names(out, cases);
  fprintf(out, "\n  the fault: %s of %" PRIu64 " bytes failed%s\n", nomem__json_string(fault, "function"), bytes,
          json_is_true(json_object_get(fault, "persistent")) ? ", and so did all later calls" : "");
  print_frames(out, fault);
  print_stack(out, json_object_get(finding, "second_fault"), "and then, on the recovery path, a second call failed:");
  fprintf(out, "  %s%s\n", find_title(finding), nomem__json_string(finding, "end"));
  print_frames(out, blow_up);
  print_stack(out, json_object_get(finding, "origin"), "the block was allocated, or the file created, here:");
  print_stack(out, json_object_get(finding, "freed"), "and freed before here:");
  fprintf(out, "  reproduce: %s\n", nomem__json_string(finding, "reproduce"));
}

static bool is_flaky(const json_t *finding) {
  return json_is_true(json_object_get(finding, "flaky"));
}

static void print_short(FILE *out, const json_t *finding) {
  const char *exclusion = nomem__json_string(finding, "exclusion");
  size_t cases = json_array_size(json_object_get(finding, "cases"));
  fprintf(out, "%s: %s in %s, %zu test%s: %s\n", *exclusion == '\0' ? "flaky" : "not counted",
          nomem__json_string(finding, "verdict"), nomem__json_string(finding, "location"), cases, plural(cases),
          *exclusion == '\0' ? "not when it was tried again" : exclusion);
}

/* What does not count, in short. Returns how many there are. */
static size_t print_uncounted(FILE *out, const json_t *document, bool is_quiet) {
  const json_t *findings = json_object_get(document, "findings"), *excluded = json_object_get(document, "excluded");
  size_t count = 0;
  for (size_t i = 0; i < json_array_size(findings) + json_array_size(excluded); i++) {
    size_t counted = json_array_size(findings);
    const json_t *finding = i < counted ? json_array_get(findings, i) : json_array_get(excluded, i - counted);
    if (i < counted && !is_flaky(finding)) continue;
    if (count++ < SHORT_MAX && !is_quiet) print_short(out, finding);
  }
  if (count > SHORT_MAX && !is_quiet) fprintf(out, "not counted: %zu more (--json has all)\n", count - SHORT_MAX);
  return count;
}

static bool has_result(const json_t *suite_case, const char *result) {
  return strcmp(nomem__json_string(suite_case, "result"), result) == 0;
}

/* One line for each reason, with the tests that have it. */
static void print_left_out(FILE *out, const json_t *cases) {
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
        print_names(out, names);
        fprintf(out, ": %s\n", reason);
      }
      json_decref(names);
    }
  }
}

static size_t count_results(const json_t *cases, const char *result) {
  size_t count = 0;
  for (size_t i = 0; i < json_array_size(cases); i++) count += has_result(json_array_get(cases, i), result);
  return count;
}

/* "12 tests explored, 3 findings by cause; not explored: 1 failed, 2 nothing_allocated" */
static void print_summary(FILE *out, const json_t *document, size_t counted, size_t uncounted) {
  const json_t *cases = json_object_get(document, "cases"), *coverage = json_object_get(document, "coverage");
  uint64_t explored = nomem__json_count(coverage, "cases_explored"), runs = nomem__json_count(coverage, "points_tried");
  static const struct {
    enum nomem__left_out why;
    const char *text;
  } texts[] = {{NOMEM_LEFT_OUT_FAILED, "failed without a fault"},
               {NOMEM_LEFT_OUT_SKIPPED, "skipped"},
               {NOMEM_LEFT_OUT_NOTHING_ALLOCATED, "allocate nothing"},
               {NOMEM_LEFT_OUT_STARTED_BY_CASE, "started by a test"},
               {NOMEM_LEFT_OUT_UNFIT, "could not be explored"},
               {NOMEM_LEFT_OUT_NO_TIME, "had no time"},
               {NOMEM_LEFT_OUT_INTERRUPTED, "interrupted"},
               {NOMEM_LEFT_OUT_NOT_ENDED, "had not ended"},
               {NOMEM_LEFT_OUT_GONE, "not there any more"},
               {NOMEM_LEFT_OUT_UNKNOWN, "not known"},
               {NOMEM_LEFT_OUT_NOT_CHOSEN, "not chosen"}};
  const char *before = "; not explored: ";
  fprintf(out, "%" PRIu64 " test%s explored, %zu finding%s by cause", explored, plural(explored), counted,
          plural(counted));
  if (uncounted > 0) fprintf(out, ", %zu not counted", uncounted);
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

static void print_coverage(FILE *out, const json_t *document) {
  const json_t *coverage = json_object_get(document, "coverage");
  uint64_t points = nomem__json_count(coverage, "points"), tried = nomem__json_count(coverage, "points_tried");
  uint64_t elsewhere = nomem__json_count(coverage, "points_in_other_shards");
  fprintf(out, "exercised %" PRIu64 " of %" PRIu64 " sites, %" PRIu64 " of %" PRIu64 " allocation points\n",
          nomem__json_count(coverage, "sites_exercised"), nomem__json_count(coverage, "sites"),
          nomem__json_count(coverage, "calls_exercised"), nomem__json_count(coverage, "calls"));
  if (!json_is_true(json_object_get(document, "complete")) && tried + elsewhere < points)
    fprintf(out, "not complete: %" PRIu64 " of %" PRIu64 " points were tried\n", tried, points);
}

void nomem__suite_text_print(const json_t *document, bool is_quiet, FILE *out) {
  const json_t *findings = json_object_get(document, "findings"), *warnings = json_object_get(document, "warnings");
  size_t counted = 0;
  for (size_t i = 0; i < json_array_size(findings); i++) {
    const json_t *finding = json_array_get(findings, i);
    if (is_flaky(finding)) continue;
    if (counted++ > 0 || !is_quiet) fputc('\n', out);
    print_finding(out, finding);
  }
  if (counted > 0 && !is_quiet) fputc('\n', out);
  size_t uncounted = print_uncounted(out, document, is_quiet);
  if (is_quiet) return;
  print_left_out(out, json_object_get(document, "cases"));
  for (size_t i = 0; i < json_array_size(warnings); i++)
    fprintf(out, "%s\n", json_string_value(json_array_get(warnings, i)));
  print_summary(out, document, counted, uncounted);
  print_coverage(out, document);
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
  fprintf(out, "%zu test%s, %zu left out, %" PRIu64 " other programs of the system, launchers and compilers\n", count,
          plural(count), left_out, nomem__json_count(document, "other_programs"));
}
