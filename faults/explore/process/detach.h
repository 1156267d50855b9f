/* SPDX-License-Identifier: MIT */
/* Processes that are detached, which means that they are traced no longer: a sanitizer that looks for leaks when its
 * process ends has to trace that process itself.
 *
 * The process requests it by a signal that nobody else sends (NOMEM_DETACH_REQUEST), and stands still until all its
 * other threads are detached. From then on it is known by a descriptor only, through which it can be killed.
 */
#ifndef NOMEM_DETACH_H
#define NOMEM_DETACH_H

#include "tracees.h"

/* The processes of a run that are detached, or are being detached. */
struct nomem__detached {
  int *descriptors; /* owned, and open */
  size_t count;
};

/* Whether a thread that this signal has stopped requests that its process be detached. */
bool nomem__detach_is_requested(pid_t tid, int signal);

/* Begins to detach the process of the requesting thread, all of whose threads stop for it. */
void nomem__detach_begin(struct nomem__detached *detached, struct nomem__tracees *tracees, pid_t requesting);

/* A thread that is to be detached has created a thread or a process: the thread is detached as well. */
void nomem__detach_child(struct nomem__tracees *tracees, pid_t creator, pid_t child);

/* A thread that is to be detached, other than the requesting one, has stopped with this status. */
void nomem__detach_stopped(struct nomem__tracees *tracees, pid_t tid, int status);

/* A thread is traced no longer: detaches the requesting threads that are the last of their processes. */
void nomem__detach_finish(struct nomem__tracees *tracees);

void nomem__detached_kill(const struct nomem__detached *detached);
void nomem__detached_free(struct nomem__detached *detached);

#endif
