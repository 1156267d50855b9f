/* SPDX-License-Identifier: MIT */
/* The source around the line that a frame is at. */
#ifndef NOMEM_SOURCE_LINES_H
#define NOMEM_SOURCE_LINES_H

#include "json_values.h"

/* A longer line was not written by a person: the rest of it is left out. */
#define NOMEM__SOURCE_LINE_BYTES 240
#define NOMEM__TAB_COLUMNS 8

/* A line of source as it is shown: without its end, with blanks for tabs. It may hold any other bytes. */
struct nomem__source_line {
  char text[NOMEM__SOURCE_LINE_BYTES + NOMEM__TAB_COLUMNS];
  unsigned short tabs[NOMEM__SOURCE_LINE_BYTES / NOMEM__TAB_COLUMNS + 1]; /* bytes of the file's line before each tab */
  unsigned tab_count;
};

/* Reads the lines from first, from 1 on, to last. Returns how many the file has of them; 0: it is not there, is no
 * plain file, or is too large to be source. */
size_t nomem__read_lines(const char *path, unsigned first, unsigned last, struct nomem__source_line *lines);

/* Returns the index in the shown text of a column, from 1 on, of the line in the file. Column 0, or one beyond the end:
 * the first character that is not blank. */
size_t nomem__find_column(const struct nomem__source_line *line, unsigned column);

/* Reads the lines around a line of a file into an object: "first", the number of the first one, "lines", and "tabs",
 * where the bytes of the line itself have tabs. The caller's. NULL: nomem__read_lines reads none, or there is no such
 * line. json remembers whether memory was short. */
json_t *nomem__read_source_lines(struct nomem__json *json, const char *path, unsigned line);

/* Finds a line by its number in such an object, which was read for the other line. False: it is not there. */
bool nomem__source_line_of(const json_t *source, unsigned number, unsigned line, struct nomem__source_line *found);

#endif
