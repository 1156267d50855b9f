/* SPDX-License-Identifier: MIT */
/* Processes that no run may leave: those of a run that is not traced, once their parents are gone; and those that have
 * stopped before it is known whose they are. */
#ifndef NOMEM_ORPHANS_H
#define NOMEM_ORPHANS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Kills the process group of root, and every process that was started with this entry in its environment (NULL: none
 * was) and has become the command's own child, which as a subreaper it does. */
void nomem__kill_orphans(pid_t root, const char *channel_entry);

/* A new thread may stop before its creator's stop says whose it is. All zero: there are none. */
#define NOMEM__UNCLAIMED_MAX 256
struct nomem__unclaimed {
  pid_t list[NOMEM__UNCLAIMED_MAX];
  size_t count;
};

/* Kills it if there are too many. */
void nomem__unclaimed_add(struct nomem__unclaimed *unclaimed, pid_t tid);

/* Whether it was there. */
bool nomem__unclaimed_forget(struct nomem__unclaimed *unclaimed, pid_t tid);

/* Whose creator was killed before it could say that it had made them, nobody will claim: they are the command's by now,
 * and would stand still to its end. */
void nomem__unclaimed_kill_orphans(struct nomem__unclaimed *unclaimed);

#endif
