/* SPDX-License-Identifier: MIT */
/* Lines of source, each with what happened there, as compilers show their errors. */
#ifndef NOMEM_EXCERPT_H
#define NOMEM_EXCERPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Something that happened at a place. */
struct nomem__mark {
  const char *file;
  unsigned line, column; /* as in nomem__source_frame */
  const json_t *source;  /* the lines around it, as of nomem__read_source_lines; NULL: they are not known */
  char *text;            /* of the caller */
  bool is_shown;         /* its line was printed */
  size_t file_order;     /* which of the files, in the order in which they come: the excerpt's own */
};

/* Prints the lines of the marks, file by file in the order in which they come, each line with its marks below it. Marks
 * near one another share a piece of source; known_file, which may be NULL, is a file whose name need not be printed.
 * Sets is_shown where the source is there. The marks change places. */
void nomem__excerpt_print(FILE *out, struct nomem__mark *marks, size_t count, const char *known_file);

#endif
