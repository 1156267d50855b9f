/* SPDX-License-Identifier: MIT */
#include "coverage_text.h"

#include <inttypes.h>

#include "../text/json_values.h"
#include "../text/printable.h"

/* So many checks are named; --verbose names all. */
#define NAMED_MAX 20

static void print_check(const json_t *check, FILE *out) {
  const char *function = nomem__json_string(check, "function"), *called = nomem__json_string(check, "called");
  fprintf(out, "  not entered: %s (%s:%" PRIu64 "), after %s%s\n", *function != '\0' ? function : "?",
          nomem__json_string(check, "file"), nomem__json_count(check, "line"), called,
          json_is_true(json_object_get(check, "reached")) ? "" : ": no run reached it");
}

static void print_checks(const json_t *coverage, bool is_verbose, FILE *out) {
  const json_t *missing = json_object_get(coverage, "not_entered");
  uint64_t checks = nomem__json_count(coverage, "checks"), unknown = nomem__json_count(coverage, "checks_unknown");
  size_t count = json_array_size(missing), shown = is_verbose || count <= NAMED_MAX ? count : NAMED_MAX;
  fprintf(out, "checks of an allocation: %" PRIu64 " of %" PRIu64 " entered, %zu not",
          nomem__json_count(coverage, "checks_entered"), checks, count);
  if (unknown > 0) fprintf(out, ", %" PRIu64 " not known", unknown);
  fputc('\n', out);
  for (size_t i = 0; i < shown; i++) print_check(json_array_get(missing, i), out);
  if (shown < count) fprintf(out, "  and %zu more, which --verbose and --json name\n", count - shown);
}

static void print_lost(const json_t *coverage, FILE *out) {
  uint64_t lost = nomem__json_count(coverage, "runs_without_data"), runs = nomem__json_count(coverage, "runs");
  uint64_t unread = nomem__json_count(coverage, "data_files_unread");
  if (lost > 0)
    fprintf(out,
            "%" PRIu64 " of %" PRIu64
            " failures left no coverage data, because a signal, a limit or _exit() ended the program: what only they "
            "reach is not counted\n",
            lost, runs);
  if (unread > 0)
    fprintf(out, "%" PRIu64 " file%s of coverage data cannot be read, or lack some runs\n", unread,
            nomem__plural(unread));
}

void nomem__coverage_text_print(const json_t *document, bool is_verbose, FILE *out) {
  const json_t *coverage = json_object_get(document, "code_coverage");
  if (coverage == NULL) return;
  uint64_t only = nomem__json_count(coverage, "lines_by_failures_only");
  fprintf(out,
          "coverage: %" PRIu64 " of %" PRIu64 " lines without a failure, %" PRIu64 " more line%s by failures only\n",
          nomem__json_count(coverage, "lines_without_failure"), nomem__json_count(coverage, "lines"), only,
          nomem__plural(only));
  print_checks(coverage, is_verbose, out);
  print_lost(coverage, out);
}
