/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../stack/json_stack.h"
#include "../text/json_values.h"
#include "../text/memory_stream.h"
#include "document.h"
#include "report.h"

/* Prints a description, in which # would begin a directive. It must be one line. */
static void print_description(FILE *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text == '#' || *text == '\\') fputc('\\', out);
    fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
  }
}

/* Prints a member of a YAML mapping. A string of JSON is a double-quoted one of YAML. */
static void print_yaml(FILE *out, const char *key, const json_t *text) {
  char *quoted = json_dumps(text, JSON_ENCODE_ANY);
  fprintf(out, "  %s: %s\n", key, quoted);
  free(quoted);
}

/* Prints a stack as a YAML list of lines; nothing where there is none. */
static void print_stack(FILE *out, const char *key, const json_t *trace) {
  struct nomem__memory_stream stream;
  nomem__json_stack_print(nomem__memory_stream_open(&stream), trace, 0);
  char *text = nomem__memory_stream_close(&stream);
  char *rest = text;
  if (trace != NULL) fprintf(out, "  %s:\n", key);
  for (char *line; trace != NULL && (line = strsep(&rest, "\n")) != NULL && *line != '\0';) {
    json_t *string = json_string(line);
    char *quoted = json_dumps(string, JSON_ENCODE_ANY);
    fprintf(out, "    - %s\n", quoted);
    free(quoted);
    json_decref(string);
  }
  free(text);
}

static void print_finding(FILE *out, size_t number, const json_t *finding) {
  static const char *const keys[] = {"id", "verdict", "message", "end", "reproduce"};
  fprintf(out, "not ok %zu - ", number);
  print_description(out, nomem__json_string(finding, "verdict"));
  fputs(" in ", out);
  print_description(out, nomem__json_string(finding, "location"));
  const char *exclusion = nomem__document_find_exclusion(finding);
  if (exclusion != NULL) {
    fputs(" # TODO ", out);
    print_description(out, exclusion);
  }
  fputc('\n', out);
  fputs("  ---\n", out);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) print_yaml(out, keys[i], json_object_get(finding, keys[i]));
  print_stack(out, "fault_stack", json_object_get(finding, "fault"));
  print_stack(out, "second_fault_stack", json_object_get(finding, "second_fault"));
  print_stack(out, "blow_up_stack", json_object_get(finding, "blow_up"));
  fputs("  ...\n", out);
}

/* Prints what a test of a suite shows, a mapping with a list of findings. Returns how many of them count. */
static size_t print_shown(FILE *out, const json_t *document, const char *name) {
  static const char *const keys[] = {"id", "verdict", "message", "reproduce"};
  const json_t *findings = json_object_get(document, "findings");
  size_t shown = 0;
  for (size_t i = 0; i < json_array_size(findings); i++) {
    const json_t *finding = json_array_get(findings, i);
    bool is_shown = nomem__json_has_text(json_object_get(finding, "cases"), name);
    if (!is_shown || nomem__document_find_exclusion(finding) != NULL) continue;
    if (out != NULL && shown == 0) fputs("  ---\n  findings:\n", out);
    for (size_t k = 0; out != NULL && k < sizeof keys / sizeof *keys; k++) {
      fputs(k == 0 ? "    -\n    " : "    ", out);
      print_yaml(out, keys[k], json_object_get(finding, keys[k]));
    }
    shown++;
  }
  if (out != NULL && shown > 0) fputs("  ...\n", out);
  return shown;
}

static void print_test(FILE *out, const json_t *document, size_t number, const json_t *test) {
  const char *name = nomem__json_string(test, "name");
  const char *reason = nomem__json_string(test, "reason");
  fprintf(out, "%s %zu - ", print_shown(NULL, document, name) > 0 ? "not ok" : "ok", number);
  print_description(out, name);
  if (*reason != '\0') fputs(" # SKIP ", out);
  print_description(out, reason);
  fputc('\n', out);
  print_shown(out, document, name);
}

int nomem__report_tap(const json_t *document, FILE *out) {
  const json_t *findings = json_object_get(document, "findings"), *coverage = json_object_get(document, "coverage");
  uint64_t tried = nomem__json_count(coverage, "points_tried"), points = nomem__json_count(coverage, "points");
  const json_t *excluded = json_object_get(document, "excluded");
  const json_t *tests = json_object_get(document, "cases");
  size_t counted = json_array_size(findings), count = counted + json_array_size(excluded);
  if (tests != NULL) count = json_array_size(tests);
  json_t *warning;
  size_t i;
  fprintf(out, "TAP version 13\n1..%zu\n", count + 1);
  for (i = 0; i < count && tests != NULL; i++) print_test(out, document, i + 1, json_array_get(tests, i));
  for (i = 0; i < count && tests == NULL; i++) {
    print_finding(out, i + 1, i < counted ? json_array_get(findings, i) : json_array_get(excluded, i - counted));
  }
  json_array_foreach(json_object_get(document, "warnings"), i, warning) {
    fputs("# ", out);
    print_description(out, json_string_value(warning));
    fputc('\n', out);
  }
  if (json_is_true(json_object_get(document, "complete")))
    fprintf(out, "ok %zu - exploration: %" PRIu64 " of %" PRIu64 " points were tried\n", count + 1, tried, points);
  else
    fprintf(out, "Bail out! Not complete: %" PRIu64 " of %" PRIu64 " points were tried\n", tried, points);
  return 0;
}
