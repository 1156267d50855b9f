/* SPDX-License-Identifier: MIT */
/* The folder and the variables that a line to paste must set up first, because whoever pastes it has others: those of a
 * program that a runner of tests started, for instance. */
#ifndef NOMEM_SURROUNDINGS_H
#define NOMEM_SURROUNDINGS_H

#include <stdbool.h>

#include "test_runner.h"

/* All zero: nothing needs to be set up. */
struct nomem__surroundings {
  char *folder;     /* NULL: the line may be pasted where it was printed */
  char **variables; /* as nomem__environment_difference returns them; NULL: none */
};

/* What a program in the environment `now` needs to be given where the environment is `base`: the entries "NAME=value"
 * that are missing there or have another value, in the order of `now`. Left out is what a shell or make sets for each
 * command anew. Of a secret there is the NAME alone, without "=". Both lists are ended by NULL. The list and what is in
 * it are the caller's, to be freed by nomem__environment_free_list. */
char **nomem__environment_difference(char *const *now, char *const *base);

void nomem__environment_free_list(char **list);

/* Whether an entry, by its name, is one of those that shells and makes set for each command anew. */
bool nomem__environment_is_passing(const char *entry);

/* Whether an entry "NAME=value" holds a secret, as its name says (a token, a key, a password), or its value: an address
 * with a password in it, a private key, a token of a well-known kind. Such a value is never stored, and never printed.
 */
bool nomem__environment_is_secret(const char *entry);

/* Those of this command, for runs in its folder and environment. For a test of a runner's, or wants_all: the folder,
 * and all variables that were set since the runner itself, or the make that started it, was started; for any other
 * command only where libraries are, if its session was begun without that. To be freed by
 * nomem__surroundings_free. */
void nomem__surroundings_of_command(struct nomem__surroundings *surroundings, enum nomem__test_runner runner,
                                    bool wants_all);

void nomem__surroundings_free(struct nomem__surroundings *surroundings);

#endif
