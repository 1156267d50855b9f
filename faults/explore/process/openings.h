/* SPDX-License-Identifier: MIT */
/* Who opened the descriptors of traced processes, before a call of theirs failed: the stacks of the system calls that
 * did, by the numbers that they got. What is opened afterwards, as to report the failure, that call cannot have lost.
 */
#ifndef NOMEM_OPENINGS_H
#define NOMEM_OPENINGS_H

#include <stddef.h>
#include <sys/types.h>

#include "../stack/stack_capture.h"

/* So many descriptors are known at a time; of those that are opened then, nothing is. */
#define NOMEM__OPENINGS_MAX 128
/* A run that opens more is not followed to its end. */
#define NOMEM__OPENING_CALLS_MAX 2048

struct nomem_channel;

struct nomem__opening {
  pid_t pid;
  int fd;                     /* -1: the number has come back after the failure */
  struct nomem__stack *stack; /* owned */
};

/* All zero at first, but for the channel. */
struct nomem__openings {
  const struct nomem_channel *channel; /* the run's, which says whether a call has failed; NULL: none fails */
  struct nomem__opening list[NOMEM__OPENINGS_MAX];
  size_t count, calls;
};

/* Has the calling process, and its descendants, stop for their tracer when they open descriptors. Between fork and
 * exec: async-signal-safe. Returns 0 or a negative error code. Programs that would gain privileges by exec do not. */
int nomem__openings_watch(void);

/* Notes the system call at which tid has stopped for that, which the caller traces. Which number it will get is known
 * beforehand, but not where threads of the process open descriptors at the same time: then it may be another one's. */
void nomem__openings_note(struct nomem__openings *openings, struct nomem__stacks *stacks, pid_t tid);

/* The stack of the call by which a process opened a descriptor; NULL: not known, or after the failure. */
const struct nomem__stack *nomem__openings_find(const struct nomem__openings *openings, pid_t pid, int fd);

/* Empties it, for the next run. */
void nomem__openings_clear(struct nomem__openings *openings);

#endif
