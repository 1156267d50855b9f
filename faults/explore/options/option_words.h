/* SPDX-License-Identifier: MIT */
/* Options that are written in a file or in an environment variable, split into words as a shell would. */
#ifndef NOMEM_OPTION_WORDS_H
#define NOMEM_OPTION_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* All zero: none. */
struct nomem__option_words {
  char *text;      /* the words, each with its NUL */
  char **list;     /* ended by NULL */
  unsigned *lines; /* on which line each begins, from 1 */
  size_t count, room;
};

/* Splits text at white space. Quotes of either kind join words, and so does a backslash before a blank; inside single
 * quotes nothing has a meaning, inside double quotes only a backslash before a double quote or another backslash.
 * has_comments: a word that begins with # begins a comment, up to the end of the line. Returns 0, or -EINVAL when a
 * quote is not closed, with *line where it was opened; in either case the words are to be freed. */
int nomem__option_words_split(struct nomem__option_words *words, const char *text, bool has_comments, unsigned *line);

void nomem__option_words_free(struct nomem__option_words *words);

#endif
