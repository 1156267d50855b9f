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

/* Returns what to print a text to that is to go to out: where that is a terminal, a stream that keeps the text until it
 * is closed, and then folds its lines to the terminal's width. All of the above holds for it as for out. One at a time.
 */
FILE *nomem__screen_open(FILE *out);
void nomem__screen_close(void);

/* Where out is such a stream, what its lines are folded into begins in this column, or is a command from here on
 * (fold.h). */
void nomem__screen_hang(FILE *out);
void nomem__screen_command(FILE *out);

#endif
