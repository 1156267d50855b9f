/* SPDX-License-Identifier: MIT */
/* The traced threads of a run, and what /proc says of a thread. */
#ifndef NOMEM_TRACEES_H
#define NOMEM_TRACEES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whether a signal means a bug. */
bool nomem__is_fatal(int signal);

struct nomem__tracee {
  pid_t tid;
  bool is_process;     /* the first thread of its process, whose end is that of the process */
  bool has_ended;      /* of a first thread: it has ended alone, and others of its process go on */
  bool has_exited;     /* of a first thread: its process is on its way out, which has been reported */
  pid_t detaching_pid; /* its process, if that is being detached; 0: it is not */
  bool has_requested;  /* the thread has asked for that, and is stopped until all others are detached */
  bool is_delayed;     /* it has executed a program, and is stopped until that may begin */
  bool waits_to_begin; /* its process is to be detached, and is stopped until it is released */
};

struct nomem__tracees {
  struct nomem__tracee *list; /* owned: free() */
  size_t count, room;
};

/* NULL: the thread is not in the list. Valid until one is added or removed. */
struct nomem__tracee *nomem__tracees_find(const struct nomem__tracees *tracees, pid_t tid);

/* Adds a thread, unless it is in the list already. */
void nomem__tracees_add(struct nomem__tracees *tracees, pid_t tid);

void nomem__tracees_remove(struct nomem__tracees *tracees, struct nomem__tracee *tracee);

/* Removes those that have been waited for, whose numbers nobody or somebody else has by now. Returns how many. */
size_t nomem__tracees_drop_gone(struct nomem__tracees *tracees);

/* Whether the calling process waits for this thread: it is a child, or traced. That it is there does not say so: its
 * number may be another's by now. */
bool nomem__is_waited_for(pid_t tid);

struct nomem__status {
  pid_t pid, parent;
  uint64_t caught, ignored; /* signals, bit 0 is signal 1 */
};

/* Of a thread that has ended, pid is its own number, and all else is 0. */
void nomem__status_read(pid_t tid, struct nomem__status *status);

#endif
