/* SPDX-License-Identifier: MIT */
/* The command line of a process, or the environment that it was started with, as the kernel shows them. */
#ifndef NOMEM_PROCESS_WORDS_H
#define NOMEM_PROCESS_WORDS_H

#include <stddef.h>
#include <sys/types.h>

/* All zero: none. */
struct nomem__process_words {
  char *block;
  char **list; /* ended by NULL */
  size_t count;
};

/* Reads them; what: "cmdline" or "environ". Returns 0, or a negative error code with nothing to free. */
int nomem__process_words_read(struct nomem__process_words *words, pid_t pid, const char *what);

void nomem__process_words_free(struct nomem__process_words *words);

/* The value of a variable, valid as long as the words; NULL: it is not there. */
const char *nomem__process_words_value(const struct nomem__process_words *words, const char *name);

#endif
