/* SPDX-License-Identifier: MIT */
/* Files that are not what a program was run for, told by their names. Pure. */
#ifndef NOMEM_BY_PRODUCTS_H
#define NOMEM_BY_PRODUCTS_H

#include <stdbool.h>

/* Whether it is left on purpose, most likely: a log is to be read, a cache is there for the next time. The path is an
 * absolute one, as in the functions below. */
bool nomem__is_left_on_purpose(const char *path);

/* Whether it is what a tool measures or dumps, which says nothing to people. */
bool nomem__is_tool_data(const char *path);

/* Whether what is in it may be another thing after a fault: the same, other caches and logs, a history, and what tools
 * measure. */
bool nomem__is_by_product(const char *path);

#endif
