/* SPDX-License-Identifier: MIT */
/* What the reader's terminal can show. */
#ifndef NOMEM_TERMINAL_H
#define NOMEM_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

enum nomem__colour { NOMEM_COLOUR_VERDICT, NOMEM_COLOUR_PLACE, NOMEM_COLOUR_MARK, NOMEM_COLOUR_GUTTER };

/* Whether to colour what goes to out: a terminal that can, and NO_COLOR is not set; or CLICOLOR_FORCE is. */
bool nomem__is_coloured(FILE *out);

/* Begins and ends a colour where out is coloured. */
void nomem__colour_begin(FILE *out, enum nomem__colour colour);
void nomem__colour_end(FILE *out);

/* Returns how wide the terminal is. 0: out is none, or does not say. */
unsigned nomem__terminal_columns(FILE *out);

#endif
