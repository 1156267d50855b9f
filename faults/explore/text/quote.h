/* SPDX-License-Identifier: MIT */
/* Text of the user's, or of programs, in a form that is fit for a message: one line, with nothing in it that drives a
 * terminal. */
#ifndef NOMEM_QUOTE_H
#define NOMEM_QUOTE_H

#include <stddef.h>

/* Room for a quoted path or plan in a message. A longer one is cut, so that the line stays readable. */
#define NOMEM_QUOTE_BYTES 256

/* Writes text in single quotes to out, with backslashes and what nomem__print_safe does not print escaped as in C. Text
 * that does not fit is cut, and ends with "...". Returns out. out_bytes must be at least 16. Thread-safe. */
char *nomem__quote(const char *text, char *out, size_t out_bytes);

/* Writes the last line of output that is not empty, quoted, to line: the last words of a program. It is "''" when there
 * is none. Thread-safe. */
void nomem__quote_last_line(const char *output, char line[NOMEM_QUOTE_BYTES]);

#endif
