/* SPDX-License-Identifier: MIT */
/* Processes that are traced no longer: a sanitizer that looks for leaks when its process ends traces that itself.
 *
 * The process asks for it, by a signal that nobody else sends (NOMEM_LET_GO), and stands still until all its other
 * threads have left. From then on it is known by a descriptor only, by which it can be ended.
 */
#ifndef NOMEM_DETACH_H
#define NOMEM_DETACH_H

#include "tracees.h"

/* Those of a run that have left, or are leaving. */
struct nomem__leaked_processes {
  int *descriptors; /* owned, and open */
  size_t count;
};

/* Whether a thread that this signal has stopped asks for its process to be let go. */
bool nomem__detach_is_asked(pid_t tid, int signal);

/* Has all threads of its process stop and leave. */
void nomem__detach_begin(struct nomem__leaked_processes *left, struct nomem__tracees *tracees, pid_t asking);

/* A thread that leaves has made another: that leaves, too, unless it is a process of its own. */
void nomem__detach_join(struct nomem__tracees *tracees, pid_t maker, pid_t made);

/* A thread that leaves, and has not asked for it, has stopped with this status. */
void nomem__detach_stopped(struct nomem__tracees *tracees, pid_t tid, int status);

/* Some thread is traced no longer: lets those go that have asked and are the last. */
void nomem__detach_finish(struct nomem__tracees *tracees);

void nomem__detach_kill(const struct nomem__leaked_processes *left);
void nomem__detach_free(struct nomem__leaked_processes *left);

#endif
