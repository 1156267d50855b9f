/* SPDX-License-Identifier: MIT */
/* Processes that have ended, and whose ends are held back from whoever started them.
 *
 * The kernel tells the parent of a traced process of its end only once the tracer has waited for it. Until then nothing
 * is left of the process but its number: its memory, its descriptors and its locks are gone, and its parent waits.
 *
 * While an end is held, wait4 of any process would return that one, so processes are asked for one by one.
 */
#ifndef NOMEM_HELD_ENDS_H
#define NOMEM_HELD_ENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/* All zero: none. */
struct nomem__held_ends {
  pid_t *list; /* owned */
  size_t count, room;
};

void nomem__held_ends_add(struct nomem__held_ends *held, pid_t pid);

/* From now on its end is no more held. Returns whether it was. */
bool nomem__held_ends_remove(struct nomem__held_ends *held, pid_t pid);

/* Whether its end is held, or will be when it has ended. */
bool nomem__held_ends_have(const struct nomem__held_ends *held, pid_t pid);

/* As wait4 of a process with WNOHANG and __WALL; 0 of one whose end is held. */
pid_t nomem__held_ends_wait(const struct nomem__held_ends *held, pid_t pid, int *status, struct rusage *usage);

/* A thread that has stopped, whichever it is, and its status, as from wait4. 0: none has. */
pid_t nomem__held_ends_wait_for_stop(int *status);

void nomem__held_ends_free(struct nomem__held_ends *held);

#endif
