/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../text/json_values.h"
#include "document.h"
#include "report.h"

/* A longer list is cut: a comment has 65,536 characters at the most. */
#define FINDINGS_SHOWN 50
#define REASONS_SHOWN 30

/* Prints text of the program's, or of files', in a code element, in which code hosts neither make links nor call people
 * by their names. Whatever else means something in Markdown or in a cell of a table is a character reference. */
static void print_code(FILE *out, const char *text) {
  fputs("<code>", out);
  for (const char *c = text; *c != '\0'; c++) {
    if (strchr("&<>|`*_[]\\~\"'", *c) != NULL)
      fprintf(out, "&#%d;", *c);
    else
      fputc(*c, out);
  }
  fputs("</code>", out);
}

static void print_finding(FILE *out, const json_t *finding, bool has_cases) {
  fprintf(out, "| %s | ", nomem__json_string(finding, "verdict"));
  print_code(out, nomem__json_string(finding, "location"));
  fputs(" | ", out);
  print_code(out, nomem__json_string(finding, "end"));
  if (has_cases)
    fprintf(out, " | %zu", json_array_size(json_object_get(finding, "cases")));
  else
    fprintf(out, " | %" PRIu64, nomem__json_count(finding, "runs"));
  fputs(" | ", out);
  print_code(out, nomem__json_string(finding, "reproduce"));
  fputs(" |\n", out);
}

static bool counts(const json_t *finding) {
  return nomem__document_find_exclusion(finding) == NULL;
}

static size_t count_counted(const json_t *findings) {
  size_t counted = 0;
  for (size_t i = 0; i < json_array_size(findings); i++) counted += counts(json_array_get(findings, i));
  return counted;
}

static void print_left_out(FILE *out, const json_t *cases) {
  size_t shown = 0;
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *test = json_array_get(cases, i);
    if (json_object_get(test, "reason") == NULL || shown++ >= REASONS_SHOWN) continue;
    if (shown == 1) fputs("\nNot explored:\n\n", out);
    fputs("- ", out);
    print_code(out, nomem__json_string(test, "name"));
    fputs(": ", out);
    print_code(out, nomem__json_string(test, "reason"));
    fputc('\n', out);
  }
  if (shown > REASONS_SHOWN) fprintf(out, "- and %zu more\n", shown - REASONS_SHOWN);
}

int nomem__report_markdown(const json_t *document, FILE *out) {
  const json_t *findings = json_object_get(document, "findings"), *cases = json_object_get(document, "cases");
  const json_t *coverage = json_object_get(document, "coverage"), *warnings = json_object_get(document, "warnings");
  size_t counted = count_counted(findings), shown = 0;
  fprintf(out, "### nomem: %zu finding%s\n\n", counted, counted == 1 ? "" : "s");
  if (cases != NULL)
    fprintf(out, "%" PRIu64 " of %zu tests were explored, ", nomem__json_count(coverage, "cases_explored"),
            json_array_size(cases));
  fprintf(out, "%" PRIu64 " of %" PRIu64 " allocation points were tried%s.\n",
          nomem__json_count(coverage, "points_tried"), nomem__json_count(coverage, "points"),
          json_is_true(json_object_get(document, "complete")) ? "" : "; this is not complete");
  for (size_t i = 0; i < json_array_size(findings); i++) {
    const json_t *finding = json_array_get(findings, i);
    if (!counts(finding) || shown++ >= FINDINGS_SHOWN) continue;
    if (shown == 1)
      fprintf(out, "\n| what | where | how it ended | %s | reproduce |\n| --- | --- | --- | --: | --- |\n",
              cases != NULL ? "tests" : "runs");
    print_finding(out, finding, cases != NULL);
  }
  if (shown > FINDINGS_SHOWN) fprintf(out, "\nand %zu more\n", shown - FINDINGS_SHOWN);
  print_left_out(out, cases);
  for (size_t i = 0; i < json_array_size(warnings); i++) {
    fputs(i == 0 ? "\n- " : "- ", out);
    print_code(out, json_string_value(json_array_get(warnings, i)));
    fputc('\n', out);
  }
  return 0;
}
