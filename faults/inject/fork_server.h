/* SPDX-License-Identifier: MIT */
/* Forks this process for the command, so that a run need not start the program anew.
 *
 * A fork becomes a child of the keeper (CLONE_PARENT): it is this process's sibling, so that the program's wait,
 * SIGCHLD and parent notice nothing. Only one fork lives at a time, and this process waits for it. The command has made
 * sure that the two share nothing through which one could affect the other (written files, sockets, threads, timers),
 * except for the positions in open files, which are restored here.
 *
 * Async-signal-safe; errno is kept.
 */
#ifndef NOMEM_FORK_SERVER_H
#define NOMEM_FORK_SERVER_H

#include "injector.h"

/* Called when this process is attached: remembers which descriptors are open by now. They are inherited, and shared by
 * all runs anyway. */
NOMEM_HIDDEN void nomem__fork_server_prepare(const struct nomem_channel *channel);

/* Called before main(). Where the channel asks for a server, this process never returns from here, and each of its
 * forks returns true: it must read the channel's plan again. Otherwise returns false. */
NOMEM_HIDDEN bool nomem__fork_server_serve(struct nomem_channel *channel);

/* Called at an allocation: forks for each point of the channel at this occurrence of this site. Returns true in a fork,
 * with its point in *forked; returns false in the process itself, when all forks are done. */
NOMEM_HIDDEN bool nomem__fork_server_snapshot(struct nomem_channel *channel, struct nomem_site *site,
                                              uint64_t occurrence, struct nomem_snapshot_point *forked);

#endif
