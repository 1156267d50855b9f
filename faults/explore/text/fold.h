/* SPDX-License-Identifier: MIT */
/* Text in lines that a terminal can show: what is wider goes on in the next line, below where it belongs. */
#ifndef NOMEM_FOLD_H
#define NOMEM_FOLD_H

#include <stdio.h>

/* Stand in the text before it is folded, where they have no width, and are not printed. What is printed by
 * nomem__print_safe has neither. */
#define NOMEM_FOLD_HANG '\001'    /* the lines that this one is folded into begin in this column */
#define NOMEM_FOLD_COMMAND '\002' /* from here on it is a command, which can be pasted when it is folded, too */

/* Narrower terminals fold for themselves. */
#define NOMEM_FOLD_COLUMNS_MIN 40

/* Returns how wide the terminal is that a descriptor leads to. 0: it leads to none, or the terminal does not say. */
unsigned nomem__fold_columns(int descriptor);

/* Prints text with lines of no more than columns, which are at least 20. A line is folded at a blank, or where a word
 * alone is wider, within it; colours go on. Without a hang, it goes on four columns further in than it began. Only a
 * quoted word of a command may be wider, because it cannot be divided. */
void nomem__fold(FILE *out, const char *text, unsigned columns);

#endif
