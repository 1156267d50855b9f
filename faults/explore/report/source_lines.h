/* SPDX-License-Identifier: MIT */
/* The source around the line that a frame is at. */
#ifndef NOMEM_SOURCE_LINES_H
#define NOMEM_SOURCE_LINES_H

#include <jansson.h>

/* Reads the lines around a line of a file into an object: "first", the number of the first one, and "lines". The
 * caller's. NULL: the file is not there, is no plain file or too large, has no such line, or memory was short. */
json_t *nomem__source_lines(const char *path, unsigned line);

#endif
