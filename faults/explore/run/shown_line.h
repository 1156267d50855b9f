/* SPDX-License-Identifier: MIT */
/* A line of what a program wrote, as far as it is searched and shown. Pure. */
#ifndef NOMEM_SHOWN_LINE_H
#define NOMEM_SHOWN_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "../text/quote.h"
#include "output_lines.h"

/* A longer line is compared as a whole, but only this beginning of it is quoted and searched. */
#define NOMEM__LINE_BYTES 512

/* Copies the first line of text, as far as it fits, and ends it with a zero byte. */
void nomem__line_copy(char line[NOMEM__LINE_BYTES], const char *text, size_t bytes);

/* Quotes what stands around a column, from 0, of a line. is_at_end: there is no line, and "nothing" is what is said.
 * Returns the quoted text, which lies in text, or is constant. */
const char *nomem__line_quote(bool is_at_end, const char *line, size_t column, char text[NOMEM_QUOTE_BYTES]);

/* The same of the beginning of a line; text.text NULL: there is none. */
const char *nomem__line_quote_text(struct nomem__output_text text, char quoted[NOMEM_QUOTE_BYTES]);

#endif
