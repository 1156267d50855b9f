/* SPDX-License-Identifier: MIT */
#include "next_step.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../text/memory_stream.h"
#include "finding_text.h"
#include "stack_text.h"

static const json_t *find_first(const json_t *document) {
  const json_t *findings = json_object_get(document, "findings");
  for (size_t i = 0; i < json_array_size(findings); i++)
    if (!json_is_true(json_object_get(json_array_get(findings, i), "flaky"))) return json_array_get(findings, i);
  return NULL;
}

/* Prints the command that explains a finding: where there is a store, this one, and else its verdict. */
static void print_explain(FILE *out, const json_t *finding) {
  char *explain = nomem__finding_command(finding, "nomem explain");
  if (explain != NULL)
    fputs(explain, out);
  else
    fprintf(out, "nomem explain %s", nomem__json_string(finding, "verdict"));
  free(explain);
}

static bool has_source(const json_t *trace) {
  const struct nomem__shown_stack stack = nomem__shown_stack_of(trace);
  return json_object_get(json_array_get(stack.entries, stack.culprit), "file") != NULL;
}

/* Prints what to do about a finding. Without lines there is nothing to be seen yet; those of the C library nobody
 * builds. */
static void print_mending(FILE *out, const json_t *finding) {
  const json_t *unchecked = json_object_get(finding, "unchecked"), *blow_up = json_object_get(finding, "blow_up");
  bool has_line = json_object_get(unchecked, "file") != NULL ||
                  has_source(blow_up != NULL ? blow_up : json_object_get(finding, "fault"));
  if (!has_line && strcmp(nomem__json_string(finding, "code_owner"), "libc") != 0) {
    fputs("build with -g (or install debug symbols), so that the report names files and lines", out);
    return;
  }
  print_explain(out, finding);
  fputs(" says how to mend ", out);
  if (json_object_get(unchecked, "file") != NULL)
    nomem__entry_print(out, unchecked);
  else
    fputs(nomem__json_string(finding, "location"), out);
}

static const json_t *find_failing(const json_t *document, size_t *count) {
  const json_t *cases = json_object_get(document, "cases"), *first = NULL;
  *count = 0;
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *suite_case = json_array_get(cases, i);
    if (strcmp(nomem__json_string(suite_case, "result"), "failed") != 0) continue;
    if ((*count)++ == 0) first = suite_case;
  }
  return first;
}

/* Prints how to have tried what was not; nothing where all was. */
static void print_rest(FILE *out, const json_t *document, bool has_store) {
  const json_t *coverage = json_object_get(document, "coverage");
  uint64_t tried = nomem__json_count(coverage, "points_tried") + nomem__json_count(coverage, "points_in_other_shards");
  size_t failing;
  const json_t *first = find_failing(document, &failing);
  if (tried < nomem__json_count(coverage, "points"))
    fputs(has_store ? "the same command again goes on where this one ended"
                    : "give it more time, or a store: then the same command goes on where it ended",
          out);
  else if (failing == 1)
    fprintf(out, "mend %s, which fails without any fault: then it is explored, too", nomem__json_string(first, "name"));
  else if (failing > 1)
    fprintf(out, "mend the %zu tests that fail without any fault: then they are explored, too", failing);
}

void nomem__document_put_next(struct nomem__json *json, json_t *document, bool has_store) {
  struct nomem__memory_stream stream;
  const json_t *finding = find_first(document);
  FILE *out = nomem__memory_stream_open(&stream);
  if (finding != NULL)
    print_mending(out, finding);
  else
    print_rest(out, document, has_store);
  char *text = nomem__memory_stream_close(&stream);
  if (*text != '\0') nomem__json_text(json, document, "next", text);
  free(text);
}
