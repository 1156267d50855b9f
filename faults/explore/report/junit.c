/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../stack/json_stack.h"
#include "../text/entities.h"
#include "../text/json_values.h"
#include "../text/memory_stream.h"
#include "document.h"
#include "report.h"

/* The beginning of U+FFFE and U+FFFF in UTF-8, which differ in the byte that follows. */
#define NONCHARACTER "\xef\xbf"

/* Prints text as content or in a quoted attribute. What XML 1.0 has no way to write becomes \xNN: control characters
 * and two noncharacters. */
static void print_xml(FILE *out, const char *text, bool is_attribute) {
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
    bool is_noncharacter =
        memcmp(c, NONCHARACTER, strnlen((const char *)c, 2)) == 0 && c[1] != '\0' && (c[2] == 0xbe || c[2] == 0xbf);
    if (nomem__print_entity(out, (char)*c)) continue;
    if (*c == '\t' || *c == '\n') {
      fprintf(out, is_attribute ? "&#%d;" : "%c", *c);
    } else if (is_noncharacter) {
      fprintf(out, "\\x%02x\\x%02x\\x%02x", c[0], c[1], c[2]);
      c += 2;
    } else if (*c < ' ' || *c == 0x7f) {
      fprintf(out, "\\x%02x", *c);
    } else {
      fputc(*c, out);
    }
  }
}

static void print_attribute(FILE *out, const char *name, const char *value) {
  fprintf(out, " %s=\"", name);
  print_xml(out, value, true);
  fputc('"', out);
}

/* Prints a stack that only some findings have. */
static void print_stack(FILE *out, const json_t *finding, const char *key, const char *title) {
  const json_t *stack = json_object_get(finding, key);
  if (stack == NULL) return;
  fprintf(out, "%s\n", title);
  nomem__json_stack_print(out, stack, 2);
}

static void print_details(FILE *out, const json_t *finding) {
  const json_t *blow_up = json_object_get(finding, "blow_up"), *second = json_object_get(finding, "second_fault");
  const char *needs = nomem__json_string(finding, "needs");
  bool is_hostile = json_object_get(finding, "hostile") != NULL;
  fprintf(out, "%s\n\n%s:\n", nomem__json_string(finding, "message"),
          is_hostile ? "the call of the hostile allocator" : "where the call was failed");
  nomem__json_stack_print(out, json_object_get(finding, "fault"), 2);
  if (second != NULL) {
    fputs("where a second call was failed, on the recovery path:\n", out);
    nomem__json_stack_print(out, second, 2);
  }
  fputs("where it ended:\n", out);
  if (blow_up != NULL)
    nomem__json_stack_print(out, blow_up, 2);
  else
    fputs("  no stack\n", out);
  print_stack(out, finding, "origin", "where the block was allocated, or the file created or opened:");
  print_stack(out, finding, "freed", "where it was freed before:");
  fprintf(out, "reproduce: %s\n", nomem__json_string(finding, "reproduce"));
  if (*needs != '\0') fprintf(out, "needs: %s\n", needs);
}

static void print_case(FILE *out, const json_t *finding) {
  const json_t *blow_up = json_object_get(finding, "blow_up");
  const json_t *culprit = nomem__json_stack_culprit(blow_up != NULL ? blow_up : json_object_get(finding, "fault"));
  const char *exclusion = nomem__document_find_exclusion(finding);
  struct nomem__memory_stream stream;
  FILE *text = nomem__memory_stream_open(&stream);
  print_details(text, finding);
  char *details = nomem__memory_stream_close(&stream);
  fputs("    <testcase", out);
  print_attribute(out, "classname", nomem__json_string(finding, "verdict"));
  print_attribute(out, "name", nomem__json_string(finding, "location"));
  if (json_object_get(culprit, "file") != NULL) {
    print_attribute(out, "file", nomem__json_string(culprit, "file"));
    fprintf(out, " line=\"%" PRIu64 "\"", nomem__json_count(culprit, "line"));
  }
  fputs(" time=\"0\">\n", out);
  if (exclusion != NULL) {
    fputs("      <skipped", out);
    print_attribute(out, "message", exclusion);
    fputs("/>\n      <system-out>", out);
  } else {
    fputs("      <failure", out);
    print_attribute(out, "type", nomem__json_string(finding, "verdict"));
    print_attribute(out, "message", nomem__json_string(finding, "message"));
    fputs(">", out);
  }
  print_xml(out, details, false);
  fprintf(out, "</%s>\n    </testcase>\n", exclusion != NULL ? "system-out" : "failure");
  free(details);
}

static void print_summary(FILE *out, const json_t *document) {
  const json_t *coverage = json_object_get(document, "coverage");
  uint64_t tried = nomem__json_count(coverage, "points_tried"), points = nomem__json_count(coverage, "points");
  json_t *warning;
  size_t i;
  fprintf(out, "    <testcase classname=\"nomem\" name=\"exploration\" time=\"%.3f\">\n",
          json_real_value(json_object_get(document, "seconds")));
  if (!json_is_true(json_object_get(document, "complete")))
    fputs("      <error message=\"not complete: interrupted, could not go on, or exercised nothing\"/>\n", out);
  fprintf(out, "      <system-out>%" PRIu64 " of %" PRIu64 " points were tried", tried, points);
  json_array_foreach(json_object_get(document, "warnings"), i, warning) {
    fputc('\n', out);
    print_xml(out, json_string_value(warning), false);
  }
  fputs("</system-out>\n    </testcase>\n", out);
}

/* Prints what counts of a finding that a test of a suite shows. Returns how many there are. */
static size_t print_shown(FILE *out, const json_t *document, const char *name) {
  const json_t *findings = json_object_get(document, "findings");
  size_t shown = 0;
  for (size_t i = 0; i < json_array_size(findings); i++) {
    const json_t *finding = json_array_get(findings, i), *cases = json_object_get(finding, "cases");
    if (nomem__document_find_exclusion(finding) != NULL || !nomem__json_has_text(cases, name)) continue;
    if (out != NULL && shown == 0) {
      fputs("      <failure", out);
      print_attribute(out, "type", nomem__json_string(finding, "verdict"));
      print_attribute(out, "message", nomem__json_string(finding, "message"));
      fputs(">", out);
    }
    struct nomem__memory_stream stream;
    print_details(nomem__memory_stream_open(&stream), finding);
    char *details = nomem__memory_stream_close(&stream);
    if (out != NULL) print_xml(out, details, false);
    free(details);
    shown++;
  }
  if (out != NULL && shown > 0) fputs("</failure>\n", out);
  return shown;
}

/* A test of a suite: its name has no line in it, so that it is the same from run to run. */
static void print_test(FILE *out, const json_t *document, const json_t *test) {
  fputs("    <testcase", out);
  print_attribute(out, "classname", nomem__json_string(test, "program"));
  print_attribute(out, "name", nomem__json_string(test, "name"));
  fprintf(out, " time=\"%.3f\">\n", json_real_value(json_object_get(test, "explored_seconds")));
  if (json_object_get(test, "reason") != NULL) {
    fputs("      <skipped", out);
    print_attribute(out, "message", nomem__json_string(test, "reason"));
    fputs("/>\n", out);
  }
  print_shown(out, document, nomem__json_string(test, "name"));
  fputs("    </testcase>\n", out);
}

static void count_tests(const json_t *document, size_t *failures, size_t *skipped) {
  const json_t *cases = json_object_get(document, "cases");
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *test = json_array_get(cases, i);
    *skipped += json_object_get(test, "reason") != NULL;
    *failures += print_shown(NULL, document, nomem__json_string(test, "name")) > 0;
  }
}

static void count_findings(const json_t *document, size_t *failures, size_t *skipped) {
  const json_t *findings = json_object_get(document, "findings");
  *skipped = json_array_size(json_object_get(document, "excluded"));
  for (size_t i = 0; i < json_array_size(findings); i++)
    *(nomem__document_find_exclusion(json_array_get(findings, i)) != NULL ? skipped : failures) += 1;
}

static void print_suite(FILE *out, const char *element, const json_t *document) {
  size_t failures = 0, skipped = 0, count, i;
  const json_t *cases = json_object_get(document, "cases");
  json_t *word;
  if (cases != NULL)
    count_tests(document, &failures, &skipped);
  else
    count_findings(document, &failures, &skipped);
  count = cases != NULL ? json_array_size(cases) : failures + skipped;
  fprintf(out, "<%s name=\"nomem %s --", element, cases != NULL ? "suite" : "explore");
  json_array_foreach(json_object_get(document, "command"), i, word) {
    fputc(' ', out);
    print_xml(out, json_string_value(word), true);
  }
  fprintf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%d\" time=\"%.3f\"", count + 1, failures,
          !json_is_true(json_object_get(document, "complete")), json_real_value(json_object_get(document, "seconds")));
  if (strcmp(element, "testsuite") == 0) fprintf(out, " skipped=\"%zu\"", skipped);
}

static void print_cases(FILE *out, const json_t *findings) {
  size_t i;
  json_t *finding;
  json_array_foreach(findings, i, finding) {
    print_case(out, finding);
  }
}

int nomem__report_junit(const json_t *document, FILE *out) {
  fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", out);
  print_suite(out, "testsuites", document);
  fputs(">\n  ", out);
  print_suite(out, "testsuite", document);
  print_attribute(out, "timestamp", nomem__json_string(document, "date"));
  fputs(">\n", out);
  const json_t *tests = json_object_get(document, "cases");
  for (size_t i = 0; i < json_array_size(tests); i++) print_test(out, document, json_array_get(tests, i));
  if (tests == NULL) {
    print_cases(out, json_object_get(document, "findings"));
    print_cases(out, json_object_get(document, "excluded"));
  }
  print_summary(out, document);
  fputs("  </testsuite>\n</testsuites>\n", out);
  return 0;
}
