/* SPDX-License-Identifier: MIT */
/* What a program of the distribution prints. */
#ifndef NOMEM_TOOL_OUTPUT_H
#define NOMEM_TOOL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Runs a program that is found in PATH, in a folder, without input. words: its name and its arguments, ended by NULL.
 * What it writes to standard error is thrown away. Returns the exit status, 128 and the number of the signal that
 * killed it, or a negative error code; and in *text what it has printed, the caller's, with a zero byte behind it.
 * The calling process may have other children. */
int nomem__tool_run(char *const *words, const char *folder, char **text, size_t *bytes);

/* The name of a program: what a variable of the environment says, or else the usual one. */
const char *nomem__tool_name(const char *variable, const char *usual);

/* Whether there is such a program. */
bool nomem__tool_is_there(const char *name);

#endif
