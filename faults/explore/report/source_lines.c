/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "source_lines.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../text/json_values.h"

/* Source lines shown before and after the one that matters. */
#define CONTEXT_LINES 3
/* What is longer is no line that a person wrote, or no source file. */
#define LINE_BYTES 240
#define SOURCE_BYTES (16 << 20)
#define TAB_COLUMNS 8

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
    json_array_append_new(lines, nomem__json_safe(expanded));
  }
  free(text);
  fclose(file);
  json_t *source = number >= line ? json_pack("{s:i, s:O}", "first", (int)first, "lines", lines) : NULL;
  json_decref(lines);
  return source;
}
