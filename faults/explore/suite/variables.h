/* SPDX-License-Identifier: MIT */
/* The environment of a case: how it differs from that of the command. Pure.
 *
 * A difference is a block of words, each with its NUL: NAME=VALUE for a variable that was set or changed, NAME alone
 * for one that is not there. */
#ifndef NOMEM_VARIABLES_H
#define NOMEM_VARIABLES_H

#include <stddef.h>

/* Returns how the environment in a block of so many bytes, as /proc has it, differs from the list that NULL ends: the
 * caller's block of *difference_bytes. What is no variable is left out. NULL: there are more than
 * NOMEM_VARIABLES_MAX of them. */
#define NOMEM_VARIABLES_MAX 4096
char *nomem__variables_compare(char *const *before, const char *block, size_t bytes, size_t *difference_bytes);

/* Returns the list of variables that is before, changed by a difference, ended by NULL: the caller's, but its strings
 * stay those of before and of the difference. */
char **nomem__variables_apply(char *const *before, char *difference, size_t bytes);

#endif
