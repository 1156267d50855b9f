/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "source_lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "regular_file.h"

/* Source lines shown before and after the one that matters. */
#define CONTEXT_LINES 3
/* A larger file is no source. */
#define SOURCE_BYTES (16 << 20)

static bool ends_line(char c) {
  return c == '\0' || c == '\n' || c == '\r';
}

/* Copies a line of a file without its end, with tabs as blanks, and cut when it is long. */
static void show(const char *text, struct nomem__source_line *line) {
  size_t used = 0;
  line->tab_count = 0;
  for (size_t i = 0; !ends_line(text[i]) && used < NOMEM__SOURCE_LINE_BYTES; i++) {
    if (text[i] != '\t') {
      line->text[used++] = text[i];
      continue;
    }
    line->tabs[line->tab_count++] = (unsigned short)i;
    do line->text[used++] = ' ';
    while (used % NOMEM__TAB_COLUMNS != 0);
  }
  /* A character cut in two would be shown as bytes. */
  if (used >= NOMEM__SOURCE_LINE_BYTES)
    while (used > 0 && (line->text[used - 1] & 0x80) != 0) used--;
  line->text[used] = '\0';
}

/* Opens what is a plain file of a size that source has. */
static FILE *open_source(const char *path) {
  struct stat status;
  int descriptor = nomem__regular_file_open(path, &status);
  if (descriptor < 0) return NULL;
  FILE *file = status.st_size <= SOURCE_BYTES ? nomem__checked(fdopen(descriptor, "r")) : NULL;
  if (file == NULL) close(descriptor);
  return file;
}

size_t nomem__read_lines(const char *path, unsigned first, unsigned last, struct nomem__source_line *lines) {
  FILE *file = first > 0 ? open_source(path) : NULL;
  if (file == NULL) return 0;
  char *text = NULL;
  size_t room = 0, count = 0;
  for (unsigned number = 1; number <= last && nomem__getline(&text, &room, file) >= 0; number++)
    if (number >= first) show(text, &lines[count++]);
  free(text);
  fclose(file);
  return count;
}

size_t nomem__find_column(const struct nomem__source_line *line, unsigned column) {
  size_t index = 0, blank = strspn(line->text, " "), length = strlen(line->text);
  for (unsigned i = 0, tab = 0; i + 1 < column && index < length; i++) {
    bool is_tab = tab < line->tab_count && line->tabs[tab] == i;
    index = is_tab ? (index / NOMEM__TAB_COLUMNS + 1) * NOMEM__TAB_COLUMNS : index + 1;
    tab += is_tab;
  }
  return column == 0 || index >= length ? blank : index;
}

static void put_tabs(struct nomem__json *json, json_t *source, const struct nomem__source_line *line) {
  if (line->tab_count == 0) return;
  json_t *tabs = json_array();
  for (unsigned i = 0; i < line->tab_count; i++) nomem__json_add(json, tabs, json_integer(line->tabs[i]));
  nomem__json_put(json, source, "tabs", tabs);
}

json_t *nomem__read_source_lines(struct nomem__json *json, const char *path, unsigned line) {
  struct nomem__source_line lines[2 * CONTEXT_LINES + 1];
  unsigned first = line > CONTEXT_LINES ? line - CONTEXT_LINES : 1;
  size_t count = line > 0 ? nomem__read_lines(path, first, line + CONTEXT_LINES, lines) : 0;
  if (line == 0 || first + count <= line) return NULL;
  json_t *source = json_object(), *texts = json_array();
  for (size_t i = 0; i < count; i++) nomem__json_add(json, texts, nomem__json_safe(lines[i].text));
  nomem__json_number(json, source, "first", first);
  nomem__json_put(json, source, "lines", texts);
  put_tabs(json, source, &lines[line - first]);
  return source;
}

/* Cuts what is longer than a line of source is ever shown. */
bool nomem__source_line_of(const json_t *source, unsigned number, unsigned line, struct nomem__source_line *found) {
  uint64_t first = nomem__json_count(source, "first");
  const char *text = json_string_value(json_array_get(json_object_get(source, "lines"), number - first));
  if (number < first || text == NULL) return false;
  snprintf(found->text, sizeof found->text, "%s", text);
  const json_t *tabs = number == line ? json_object_get(source, "tabs") : NULL;
  found->tab_count = 0;
  for (size_t i = 0; i < json_array_size(tabs) && i < sizeof found->tabs / sizeof *found->tabs; i++)
    found->tabs[found->tab_count++] = (unsigned short)json_integer_value(json_array_get(tabs, i));
  return true;
}
