/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "suppressions.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../plan.h"
#include "../../program_kinds.h"
#include "../stack/json_stack.h"
#include "../text/grow.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "../text/quote.h"
#include "verdict.h"

/* From the command's folder, both where it is built and where it is installed. */
#define DEFAULT_FILE "../share/nomem/default.supp"
/* A longer file is refused: nobody writes that many rules, and a device has no end. */
#define FILE_MAX (1 << 20)
#define BLANKS " \t\r"
/* Between a function and its caller in site=. */
#define CALLED_BY "<-"
#define NAME_BYTES 512

struct reader {
  struct nomem__suppressions *suppressions;
  const char *path;
  size_t line;
  bool is_default;
  FILE *err;
};

__attribute__((format(printf, 2, 3))) static int reject(const struct reader *reader, const char *format, ...) {
  char quoted[NOMEM_QUOTE_BYTES];
  va_list arguments;
  fprintf(reader->err, "nomem: %s:%zu: ", nomem__quote(reader->path, quoted, sizeof quoted), reader->line);
  va_start(arguments, format);
  vfprintf(reader->err, format, arguments);
  va_end(arguments);
  fputc('\n', reader->err);
  return -EINVAL;
}

static int read_verdict(const struct reader *reader, struct nomem__suppression *rule, const char *word) {
  char quoted[NOMEM_QUOTE_BYTES];
  rule->verdict = word;
  if (strcmp(word, "*") == 0) return 0;
  for (unsigned i = 0; i < NOMEM_VERDICT_COUNT; i++) {
    if (strcmp(word, nomem__verdicts[i].name) != 0) continue;
    return nomem__verdict_is_shown(i) ? 0 : reject(reader, "'%s' is no finding: nothing to suppress", word);
  }
  return reject(reader, "unknown verdict %s: give one such as crash, abort or hang, or * for any",
                nomem__quote(word, quoted, sizeof quoted));
}

static int read_condition(const struct reader *reader, struct nomem__suppression *rule, char *word) {
  const struct {
    const char *name;
    const char **value;
  } conditions[] = {
      {"function", &rule->function}, {"module", &rule->module}, {"file", &rule->file}, {"site", &rule->site}};
  char quoted[NOMEM_QUOTE_BYTES];
  size_t length = strcspn(word, "=");
  for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
    if (strlen(conditions[i].name) != length || memcmp(conditions[i].name, word, length) != 0) continue;
    if (word[length] == '\0' || word[length + 1] == '\0')
      return reject(reader, "%s= needs a pattern, with * and ? as in a shell", conditions[i].name);
    if (*conditions[i].value != NULL) return reject(reader, "%s= stands twice: write two rules", conditions[i].name);
    *conditions[i].value = word + length + 1;
    return 0;
  }
  return reject(reader, "unknown condition %s: give function=, module=, file= or site=",
                nomem__quote(word, quoted, sizeof quoted));
}

static char *trim(char *text) {
  text += strspn(text, BLANKS);
  size_t length = strlen(text);
  while (length > 0 && strchr(BLANKS, text[length - 1]) != NULL) text[--length] = '\0';
  return text;
}

static int add(struct nomem__suppressions *suppressions, const struct nomem__suppression *rule) {
  struct nomem__suppression *rules =
      nomem__grow(suppressions->rules, suppressions->count, &suppressions->room, sizeof *rules);
  suppressions->rules = rules;
  suppressions->rules[suppressions->count++] = *rule;
  return 0;
}

static int read_line(const struct reader *reader, char *line) {
  struct nomem__suppression rule = {.path = reader->path, .line = reader->line, .is_default = reader->is_default};
  char *rest = NULL;
  line = trim(line);
  if (*line == '\0' || *line == '#') return 0;
  char *reason = strchr(line, '#');
  if (reason != NULL) *reason++ = '\0';
  int result = 0;
  for (char *word = strtok_r(line, BLANKS, &rest); word != NULL && result == 0; word = strtok_r(NULL, BLANKS, &rest))
    result = rule.verdict == NULL ? read_verdict(reader, &rule, word) : read_condition(reader, &rule, word);
  if (result != 0) return result;
  if (!rule.function && !rule.module && !rule.file && !rule.site)
    return reject(reader, "this would suppress every such finding: add function=, module=, file= or site=");
  rule.reason = reason != NULL ? trim(reason) : "";
  if (*rule.reason == '\0') return reject(reader, "no reason: say after # why this is no finding");
  return add(reader->suppressions, &rule);
}

/* Returns the whole file as a string, which the caller frees. NULL: errno says why. */
static char *read_text(const char *path) {
  FILE *file = nomem__checked(fopen(path, "re"));
  if (file == NULL) return NULL;
  char *text = nomem__malloc(FILE_MAX + 1);
  size_t bytes = fread(text, 1, FILE_MAX, file);
  int error = ferror(file) ? (errno != 0 ? errno : EIO) : bytes == FILE_MAX ? EFBIG : 0;
  if (error == 0 && memchr(text, '\0', bytes) != NULL) error = EINVAL;
  fclose(file);
  if (error == 0) {
    text[bytes] = '\0';
    return text;
  }
  free(text);
  errno = error;
  return NULL;
}

int nomem__suppressions_read(struct nomem__suppressions *suppressions, const char *path, bool is_default, FILE *err) {
  struct reader reader = {suppressions, path, 0, is_default, err};
  char quoted[NOMEM_QUOTE_BYTES];
  errno = 0;
  char *text = read_text(path);
  if (text == NULL) {
    int error = errno;
    fprintf(err, "nomem: --suppress: cannot read %s: %s\n", nomem__quote(path, quoted, sizeof quoted),
            error == EINVAL ? "it is no text" : strerror(error));
    return -error;
  }
  char **texts = nomem__reallocarray(suppressions->texts, suppressions->text_count + 1, sizeof *texts);
  suppressions->texts = texts;
  texts[suppressions->text_count++] = text;
  int result = 0;
  for (char *line = text; line != NULL;) {
    char *end = strchr(line, '\n');
    if (end != NULL) *end++ = '\0';
    reader.line++;
    int one = read_line(&reader, line);
    if (result == 0) result = one;
    line = end;
  }
  return result;
}

int nomem__suppressions_read_default(struct nomem__suppressions *suppressions, FILE *err) {
  static char path[PATH_MAX];
  char self[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length <= 0) return 0;
  self[length] = '\0';
  *strrchr(self, '/') = '\0';
  int needed = snprintf(path, sizeof path, "%s/" DEFAULT_FILE, self);
  if (needed < 0 || (size_t)needed >= sizeof path || access(path, R_OK) != 0) return 0;
  return nomem__suppressions_read(suppressions, path, true, err);
}

void nomem__suppressions_free(struct nomem__suppressions *suppressions) {
  for (size_t i = 0; i < suppressions->text_count; i++) free(suppressions->texts[i]);
  free(suppressions->texts);
  free(suppressions->rules);
  *suppressions = (struct nomem__suppressions){0};
}

/* The stack that the conditions are about: that of the blow-up, or without ptrace that of the fault. */
static const json_t *blow_up_of(const json_t *finding) {
  const json_t *trace = json_object_get(finding, "blow_up");
  return trace != NULL ? trace : json_object_get(finding, "fault");
}

/* Whether this text matches in one of the frames from the innermost to the culprit, and to those that the culprit is
 * inlined into. */
static bool matches_blamed(const json_t *trace, const char *key, const char *pattern) {
  const json_t *stack = json_object_get(trace, "stack");
  size_t last = nomem__json_count(trace, "culprit");
  while (json_is_true(json_object_get(json_array_get(stack, last), "inlined"))) last++;
  for (size_t i = 0; i <= last && i < json_array_size(stack); i++) {
    const char *text = nomem__json_string(json_array_get(stack, i), key);
    if (*text != '\0' && nomem__glob(pattern, text)) return true;
  }
  return false;
}

/* Whether the functions from frame number at on match the patterns one after the other. */
static bool is_chain(const json_t *stack, size_t at, const char *patterns) {
  for (;; at++) {
    char pattern[NAME_BYTES];
    const char *end = strstr(patterns, CALLED_BY);
    size_t length = end != NULL ? (size_t)(end - patterns) : strlen(patterns);
    if (length >= sizeof pattern || at >= json_array_size(stack)) return false;
    memcpy(pattern, patterns, length);
    pattern[length] = '\0';
    if (!nomem__glob(pattern, nomem__json_string(json_array_get(stack, at), "function"))) return false;
    if (end == NULL) return true;
    patterns = end + strlen(CALLED_BY);
  }
}

/* Whether the call that failed was made through such a chain of functions. */
static bool has_failed_at(const json_t *fault, const char *patterns) {
  const json_t *stack = json_object_get(fault, "stack");
  for (size_t i = 0; i < json_array_size(stack); i++)
    if (is_chain(stack, i, patterns)) return true;
  return false;
}

static bool matches(const struct nomem__suppression *rule, const json_t *finding) {
  const json_t *trace = blow_up_of(finding), *culprit = nomem__json_stack_culprit(trace);
  if (strcmp(rule->verdict, "*") != 0 && strcmp(rule->verdict, nomem__json_string(finding, "verdict")) != 0)
    return false;
  if (rule->module != NULL &&
      (culprit == NULL || !nomem__glob(rule->module, nomem__base_name(nomem__json_string(culprit, "module")))))
    return false;
  if (rule->function != NULL && !matches_blamed(trace, "function", rule->function)) return false;
  if (rule->file != NULL && !matches_blamed(trace, "file", rule->file)) return false;
  return rule->site == NULL || has_failed_at(json_object_get(finding, "fault"), rule->site);
}

const struct nomem__suppression *nomem__suppressions_match(struct nomem__suppressions *suppressions,
                                                           const json_t *finding) {
  for (size_t i = 0; i < suppressions->count; i++) {
    if (!matches(&suppressions->rules[i], finding)) continue;
    suppressions->rules[i].is_used = true;
    return &suppressions->rules[i];
  }
  return NULL;
}
