/* SPDX-License-Identifier: MIT */
/* Forks this process for the command, so that a run need not start the program anew.
 *
 * A fork becomes the command's own child (CLONE_PARENT): this process and what it forks are siblings, and the program's
 * wait, SIGCHLD and parent see nothing of it. One fork lives at a time; this process waits for it. The command has made
 * sure that nothing which both would share (files written, sockets, threads, timers) is there to carry the one's
 * actions to the other; what is left to do here is the positions of open files.
 *
 * Async-signal-safe; errno is kept.
 */
#ifndef NOMEM_FORK_SERVER_H
#define NOMEM_FORK_SERVER_H

#include "injector.h"

/* Called when this process is attached: what is open by now is inherited, and shared by all runs anyway. */
NOMEM_HIDDEN void nomem__fork_server_prepare(const struct nomem_channel *channel);

/* Called before main(). Where the channel asks for a server it stays here, and returns true in each of its
 * forks: then the channel's plan is to be read again. Returns false when there is nothing to serve. */
NOMEM_HIDDEN bool nomem__fork_server_stand(struct nomem_channel *channel);

/* Called at an allocation: forks for each point of the channel at this occurrence of this site. Returns true in a fork,
 * and in *forked the point that it is for; false in the process itself, when it may go on. */
NOMEM_HIDDEN bool nomem__fork_server_snapshot(struct nomem_channel *channel, struct nomem_site *site,
                                              uint64_t occurrence, struct nomem_snapshot_point *forked);

#endif
