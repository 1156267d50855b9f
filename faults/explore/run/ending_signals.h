/* SPDX-License-Identifier: MIT */
/* Signals that somebody sends to end the command, or that a limit or a timer raises. While runs are made, whoever makes
 * them is told of each at once. Before, between and after, as while a report is written, they are noted here: the
 * command goes on to where it can act on them, or to its end, but not for longer than ten seconds. A second one ends it
 * at once. Of the command's main thread alone.
 */
#ifndef NOMEM_ENDING_SIGNALS_H
#define NOMEM_ENDING_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define NOMEM_ENDING_SIGNALS 8
extern const int nomem__ending_signals[NOMEM_ENDING_SIGNALS];

/* Whether a signal is ignored. It stays so, as under nohup; but SIGINT is ignored in every command that a script starts
 * in the background, and is not meant. */
bool nomem__ending_signal_is_ignored(int number);

/* From now on they are noted, but for those that are ignored. */
void nomem__ending_signals_note(void);

/* Closes so many handles, by which a loop has watched for signals: from now on they are noted. */
void nomem__ending_signals_unwatch(uv_signal_t *handles, size_t count);

/* The first that was noted, which is then forgotten; 0: none. */
int nomem__ending_signals_take(void);

#endif
