/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "source_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../text/memory.h"
#include "../text/regular_file.h"

/* Source lines shown before and after the one that matters. */
#define CONTEXT_LINES 3
/* A longer line was not written by a person, and a larger file is no source. */
#define LINE_BYTES 240
#define SOURCE_BYTES (16 << 20)
#define TAB_COLUMNS 8

/* Copies a line of a file without its end, with tabs as blanks, and cut when it is long. */
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

/* Opens what is a plain file of a size that source has. */
static FILE *open_source(const char *path) {
  struct stat status;
  int descriptor = nomem__regular_file_open(path, &status);
  if (descriptor < 0) return NULL;
  FILE *file = status.st_size <= SOURCE_BYTES ? nomem__checked(fdopen(descriptor, "r")) : NULL;
  if (file == NULL) close(descriptor);
  return file;
}

json_t *nomem__read_source_lines(struct nomem__json *json, const char *path, unsigned line) {
  FILE *file = line > 0 ? open_source(path) : NULL;
  if (file == NULL) return NULL;
  unsigned first = line > CONTEXT_LINES ? line - CONTEXT_LINES : 1, number = 0;
  json_t *source = json_object(), *lines = json_array();
  char *text = NULL;
  size_t room = 0;
  while (number < line + CONTEXT_LINES && nomem__getline(&text, &room, file) >= 0) {
    char expanded[LINE_BYTES + TAB_COLUMNS];
    if (++number < first) continue;
    expand(text, expanded);
    nomem__json_add(json, lines, nomem__json_safe(expanded));
  }
  free(text);
  fclose(file);
  nomem__json_number(json, source, "first", first);
  nomem__json_put(json, source, "lines", lines);
  if (number >= line) return source;
  json_decref(source);
  return NULL;
}
