/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "failure_words.h"

#include <string.h>

#include "shown_line.h"

/* Whether "0 failed" or "no errors" stands there. */
static bool is_denied(const char *line, const char *word) {
  size_t before = (size_t)(word - line);
  if (before < 2 || word[-1] != ' ') return false;
  bool is_zero = word[-2] == '0' && (before == 2 || strchr(" (,:[=", word[-3]) != NULL);
  return is_zero || (before >= 3 && strncasecmp(word - 3, "no", 2) == 0);
}

/* Some programs report a failure where they write everything else, such as test drivers that print TAP. */
bool nomem__line_reports_failure(const char *text, size_t bytes) {
  static const char *const words[] = {"memory", "alloc",  "nomem",     "error",    "fail",   "cannot",
                                      "can't",  "unable", "exception", "bail out", "not ok", "skip"};
  char line[NOMEM__LINE_BYTES];
  nomem__line_copy(line, text, bytes);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    const char *word = strcasestr(line, words[i]);
    while (i > 0 && word != NULL && is_denied(line, word)) word = strcasestr(word + 1, words[i]); /* but "no memory" */
    if (word != NULL) return true;
  }
  return false;
}

bool nomem__line_is_not_ok(const char *text, size_t bytes) {
  static const char not_ok[] = "not ok";
  static const char *const beginnings[] = {"FAIL:", "FAIL ", "FAILED", "[  FAILED  ]"};
  char line[NOMEM__LINE_BYTES];
  nomem__line_copy(line, text, bytes);
  if (strncmp(line, not_ok, sizeof not_ok - 1) == 0 && strchr(" \n", line[sizeof not_ok - 1]) != NULL)
    return strcasestr(line, "# todo") == NULL && strcasestr(line, "# skip") == NULL;
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
    if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0) return true;
  return false;
}
