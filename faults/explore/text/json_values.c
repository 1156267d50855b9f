/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../report/document.h"

/* Source lines shown before and after the one that matters. */
#define CONTEXT_LINES 3
/* What is longer is no line that a person wrote, or no source file. */
#define LINE_BYTES 240
#define SOURCE_BYTES (16 << 20)
#define TAB_COLUMNS 8

void nomem__json_put(struct nomem__json *json, json_t *object, const char *key, json_t *value) {
  if (json_object_set_new(object, key, value) != 0) json->failed = true;
}

void nomem__json_add(struct nomem__json *json, json_t *array, json_t *value) {
  if (json_array_append_new(array, value) != 0) json->failed = true;
}

static json_t *safe(const char *text) {
  char *made = NULL;
  size_t bytes;
  FILE *out = open_memstream(&made, &bytes);
  if (out != NULL) nomem__print_safe(out, text);
  json_t *value = out != NULL && fclose(out) == 0 ? json_string(made) : NULL;
  free(made);
  return value;
}

void nomem__json_text(struct nomem__json *json, json_t *object, const char *key, const char *text) {
  if (text != NULL) nomem__json_put(json, object, key, safe(text));
}

void nomem__json_number(struct nomem__json *json, json_t *object, const char *key, uint64_t number) {
  nomem__json_put(json, object, key, json_integer(number <= INT64_MAX ? (json_int_t)number : INT64_MAX));
}

void nomem__json_format(struct nomem__json *json, json_t *object, const char *key, const char *format, ...) {
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&text, format, arguments) < 0) text = NULL;
  va_end(arguments);
  nomem__json_put(json, object, key, text != NULL ? safe(text) : NULL);
  free(text);
}

const char *nomem__json_string(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text != NULL ? text : "";
}

uint64_t nomem__json_count(const json_t *object, const char *key) {
  json_int_t value = json_integer_value(json_object_get(object, key));
  return value > 0 ? (uint64_t)value : 0;
}

const char *nomem__document_exclusion(const json_t *finding) {
  if (json_object_get(finding, "set_aside") != NULL) return nomem__json_string(finding, "set_aside");
  return json_is_true(json_object_get(finding, "flaky")) ? "flaky: not when it was tried again" : NULL;
}

const json_t *nomem__document_culprit(const json_t *trace) {
  return json_array_get(json_object_get(trace, "stack"), nomem__json_count(trace, "culprit"));
}

void nomem__document_print_stack(FILE *out, const json_t *trace, int indent) {
  size_t i;
  json_t *frame;
  json_array_foreach(json_object_get(trace, "stack"), i, frame) {
    const char *function = nomem__json_string(frame, "function"), *file = nomem__json_string(frame, "file");
    fprintf(out, "%*s#%-2zu %s (", indent, "", i, *function != '\0' ? function : "?");
    if (*file != '\0')
      fprintf(out, "%s:%" PRIu64 ")", file, nomem__json_count(frame, "line"));
    else
      fprintf(out, "%s+%s)", nomem__json_string(frame, "module"), nomem__json_string(frame, "offset"));
    fputs(json_is_true(json_object_get(frame, "inlined")) ? " [inlined]\n" : "\n", out);
  }
}

/* A line of a file without its end, with tabs as blanks, and cut when it is long. */
static void expand(const char *line, char expanded[LINE_BYTES + TAB_COLUMNS]) {
  size_t used = 0;
  for (; *line != '\0' && *line != '\n' && *line != '\r' && used < LINE_BYTES; line++) {
    if (*line != '\t')
      expanded[used++] = *line;
    else
      do expanded[used++] = ' ';
      while (used % TAB_COLUMNS != 0 && used < LINE_BYTES);
  }
  /* A character cut in two would be shown as bytes. */
  if (used == LINE_BYTES)
    while (used > 0 && (expanded[used - 1] & 0x80) != 0) used--;
  expanded[used] = '\0';
}

static FILE *open_source(const char *path) {
  struct stat status;
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return NULL;
  FILE *file = NULL;
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= SOURCE_BYTES)
    file = fdopen(descriptor, "r");
  if (file == NULL) close(descriptor);
  return file;
}

json_t *nomem__source_lines(const char *path, unsigned line) {
  FILE *file = line > 0 ? open_source(path) : NULL;
  if (file == NULL) return NULL;
  unsigned first = line > CONTEXT_LINES ? line - CONTEXT_LINES : 1, number = 0;
  json_t *lines = json_array();
  char *text = NULL;
  size_t room = 0;
  while (number < line + CONTEXT_LINES && getline(&text, &room, file) >= 0) {
    char expanded[LINE_BYTES + TAB_COLUMNS];
    if (++number < first) continue;
    expand(text, expanded);
    json_array_append_new(lines, safe(expanded));
  }
  free(text);
  fclose(file);
  json_t *source = number >= line ? json_pack("{s:i, s:O}", "first", (int)first, "lines", lines) : NULL;
  json_decref(lines);
  return source;
}
