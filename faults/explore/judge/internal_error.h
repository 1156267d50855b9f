/* SPDX-License-Identifier: MIT */
/* What interpreters say when a module in C has broken the rules of their interface: the module's bug, which no script
 * can be blamed for. Pure. */
#ifndef NOMEM_INTERNAL_ERROR_H
#define NOMEM_INTERNAL_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a line says so, as the interpreter itself prints it or as a test framework quotes it. It need not end with a
 * zero byte. */
bool nomem__is_internal_error(const char *line, size_t bytes);

#endif
