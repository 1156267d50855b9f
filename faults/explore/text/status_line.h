/* SPDX-License-Identifier: MIT */
/* One line of standard error that is written again and again while a command works. */
#ifndef NOMEM_STATUS_LINE_H
#define NOMEM_STATUS_LINE_H

#include <stdbool.h>

/* Whether standard error is a terminal that can: TERM is not "dumb". */
bool nomem__status_line_is_possible(void);

/* Writes it, in place of the last one. What is wider than the terminal is left out: a line that wraps could not be
 * written again. */
void nomem__status_line_draw(const char *text);

void nomem__status_line_erase(void);

#endif
