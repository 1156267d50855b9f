/* SPDX-License-Identifier: MIT */
/* The source around the line that a frame is at. */
#ifndef NOMEM_SOURCE_LINES_H
#define NOMEM_SOURCE_LINES_H

#include "../text/json_values.h"

/* Reads the lines around a line of a file into an object: "first", the number of the first one, and "lines". The
 * caller's. NULL: the file is not there, is no plain file, is too large to be source, or has no such line. json
 * remembers whether memory was short. */
json_t *nomem__read_source_lines(struct nomem__json *json, const char *path, unsigned line);

#endif
