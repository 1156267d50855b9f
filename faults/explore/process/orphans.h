/* SPDX-License-Identifier: MIT */
/* Processes that no run may leave behind: children of whoever is a subreaper, which it has not started itself; and
 * those that stop before it is known which run they belong to. */
#ifndef NOMEM_ORPHANS_H
#define NOMEM_ORPHANS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct nomem__orphans {
  size_t killed; /* they, or their ends, are still to be waited for */
  size_t left;   /* they are another user's, and cannot be killed */
};

/* Kills each child of the calling process for which is_spared says no. Their own children become the caller's after
 * that. Async-signal-safe. */
struct nomem__orphans nomem__orphans_kill(bool (*is_spared)(pid_t pid, const void *user), const void *user);

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

/* Kills those whose creator was killed before it stopped. Nobody will claim them: they are children of the subreaper by
 * now, and would stay stopped until it ends. */
void nomem__unclaimed_kill_orphans(struct nomem__unclaimed *unclaimed, pid_t subreaper);

#endif
