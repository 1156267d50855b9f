/* SPDX-License-Identifier: MIT */
/* The names of functions, as people read them. */
#ifndef NOMEM_FUNCTION_NAME_H
#define NOMEM_FUNCTION_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Room for a name that was shortened, with its zero. */
#define NOMEM_FUNCTION_NAME_BYTES 161

/* Writes a name in short, so that a heading fits a line: of C++ it leaves out long template arguments, and long
 * parameters where the name is still long without those; what is longer than there is room for is cut. "..." stands in
 * their place. Returns into. */
const char *nomem__shorten_function(const char *name, char into[NOMEM_FUNCTION_NAME_BYTES]);

/* Whether a function is called like one that allocates and does nothing else: xmalloc, uv__strdup, g_realloc_n,
 * event_mm_malloc_, sqlite3_malloc64, xmlStrdup. */
bool nomem__is_allocation_function(const char *name);

/* Prints the same, made safe for a terminal. */
void nomem__print_function(FILE *out, const char *name);

#endif
