/* SPDX-License-Identifier: MIT */
/* The threads of a run that are traced, and what /proc says of one. */
#ifndef NOMEM_TRACEES_H
#define NOMEM_TRACEES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whether a signal is one that a bug raises. */
bool nomem__is_fatal(int signal);

struct nomem__tracee {
  pid_t tid;
  bool is_process; /* the first thread of its process, whose death is the process's */
  pid_t leaves;    /* the process that it belongs to, if that is to be traced no longer; 0: it stays */
  bool has_asked;  /* for that; it is stopped until all others have left */
};

struct nomem__tracees {
  struct nomem__tracee *list; /* owned: free() */
  size_t count, room;
};

/* NULL: it is not there. Valid until one is added or removed. */
struct nomem__tracee *nomem__tracees_find(const struct nomem__tracees *tracees, pid_t tid);

/* Returns 0, also when it is there already, or -ENOMEM. */
int nomem__tracees_add(struct nomem__tracees *tracees, pid_t tid);

void nomem__tracees_remove(struct nomem__tracees *tracees, struct nomem__tracee *tracee);

struct nomem__status {
  pid_t pid, parent;
  uint64_t caught, ignored; /* signals, bit 0 is signal 1 */
};

/* Of a thread that is no more, pid is its own number and the rest 0. */
void nomem__read_status(pid_t tid, struct nomem__status *status);

#endif
