/* SPDX-License-Identifier: MIT */
/* The words of a command: stored, and printed so that they can be pasted into a shell. */
#ifndef NOMEM_WORDS_H
#define NOMEM_WORDS_H

#include <stddef.h>
#include <stdio.h>

/* Joins the words of a list that NULL ends, each with its NUL, into one block of so many bytes. The caller's. */
char *nomem__join_words(char **words, size_t *bytes);

/* Returns the list of the words that nomem__join_words joined, ended by NULL. It points into words, whose last byte
 * must be a NUL. The caller's. */
char **nomem__split_words(char *words, size_t bytes);

/* Prints a word as a shell reads it: as it is, in quotes, or as $'...' where a terminal would not show it as it is. */
void nomem__print_word(FILE *out, const char *word);

/* Prints words that NULL ends, with blanks between them. */
void nomem__print_command(FILE *out, char **words);

/* The same as a text, which is the caller's. */
char *nomem__format_command(char **words);

#endif
