/* SPDX-License-Identifier: MIT */
/* Processes that no run may leave behind: those of an untraced run, once their parents are gone, and those that stop
 * before it is known which run they belong to. */
#ifndef NOMEM_ORPHANS_H
#define NOMEM_ORPHANS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Kills the process group of root, and every orphan that was started with this entry in its environment (NULL: none
 * was). Orphans become children of the command, because it is a subreaper. */
void nomem__orphans_kill(pid_t root, const char *channel_entry);

/* New threads that stopped before their creator did, whose stop shows which run they belong to. All zero: none. */
#define NOMEM__UNCLAIMED_MAX 256
struct nomem__unclaimed {
  pid_t list[NOMEM__UNCLAIMED_MAX];
  size_t count;
};

/* Kills the thread if there is no room for it. */
void nomem__unclaimed_add(struct nomem__unclaimed *unclaimed, pid_t tid);

/* Returns whether the thread was in the list. */
bool nomem__unclaimed_remove(struct nomem__unclaimed *unclaimed, pid_t tid);

/* Kills those whose creator was killed before it stopped. Nobody will claim them: they are children of the command by
 * now, and would stay stopped until it ends. */
void nomem__unclaimed_kill_orphans(struct nomem__unclaimed *unclaimed);

#endif
