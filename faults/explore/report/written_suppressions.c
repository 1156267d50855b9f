/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "../../nomem_version.h"
#include "../../program_kinds.h"
#include "../stack/json_stack.h"
#include "../text/json_values.h"
#include "document.h"
#include "report.h"

/* A pattern of a rule holds no more; what is cut off is any. */
#define PATTERN_MAX 400

/* Prints a pattern that matches the text: what means something else in a rule is any character. */
static void print_pattern(FILE *out, const char *text) {
  for (size_t i = 0; text[i] != '\0'; i++) {
    if (i == PATTERN_MAX) {
      fputc('*', out);
      return;
    }
    bool is_arrow = text[i] == '<' && text[i + 1] == '-', is_blank = (unsigned char)text[i] <= ' ';
    fputc(is_arrow || is_blank || text[i] == '#' ? '?' : text[i], out);
  }
}

static bool print_condition(FILE *out, const char *name, const char *text) {
  if (*text == '\0') return false;
  fprintf(out, " %s=", name);
  print_pattern(out, text);
  return true;
}

/* Prints a reason, which must be one line. */
static void print_reason(FILE *out, const char *text) {
  for (; *text != '\0'; text++) fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
}

/* As exactly as the names allow: another bug in the same function is to be found all the same. */
static void print_rule(FILE *out, const json_t *finding) {
  const json_t *fault = json_object_get(finding, "fault"), *blow_up = json_object_get(finding, "blow_up");
  const json_t *frame = nomem__json_stack_culprit(blow_up != NULL ? blow_up : fault);
  const char *failed_in = nomem__json_string(nomem__json_stack_culprit(fault), "function");
  const char *function = nomem__json_string(frame, "function"), *file = nomem__json_string(frame, "file");
  const char *module = nomem__base_name(nomem__json_string(frame, "module"));
  fputs(nomem__json_string(finding, "verdict"), out);
  if (!print_condition(out, "function", function) && !print_condition(out, "file", file) &&
      !print_condition(out, "module", module))
    fputs(" module=*", out);
  print_condition(out, "site", failed_in);
  fputs(" # not looked at yet: ", out);
  print_reason(out, nomem__json_string(finding, "message"));
  fputc('\n', out);
}

int nomem__report_suppressions(const json_t *document, FILE *out) {
  const json_t *findings = json_object_get(document, "findings");
  fputs("# Written by nomem " NOMEM_VERSION
        " (--write-suppressions), to be read by --suppress. After each # belongs why\n"
        "# the finding is none, or why it stays.\n",
        out);
  for (size_t i = 0; i < json_array_size(findings); i++)
    if (nomem__document_find_exclusion(json_array_get(findings, i)) == NULL)
      print_rule(out, json_array_get(findings, i));
  return 0;
}
