/* SPDX-License-Identifier: MIT */
/* Runners that do not start each test below themselves: a server of theirs starts it, which may have run before, or
 * they have the result of an earlier time. What they are to be told instead, and what shows that they were not. */
#ifndef NOMEM_RUNNER_KINDS_H
#define NOMEM_RUNNER_KINDS_H

#include <stdbool.h>

#include "recording.h"

/* Whether the words of the program at this path say what kind of runner it is, or whose server. */
bool nomem__runner_kind_needs_words(const char *path);

/* The runner's command with the options by which it starts every test. Returns the caller's list, of the command's
 * words and of constants, ended by NULL; NULL: it is no such runner, or runs no tests. */
char **nomem__runner_kind_complete(char *const *program);

/* The command, as from nomem__runner_kind_complete, that ends a server of the runner's which there may be, and starts
 * none; NULL: the runner has no server. */
char **nomem__runner_kind_end_server(char *const *program);

/* A sentence, the caller's, on tests that such a runner ran and the recording does not have; NULL: there is no sign of
 * any. is_certain: it is more than a possibility. */
char *nomem__runner_kind_describe_unseen(const struct nomem__recording *recording, bool *is_certain);

#endif
