/* SPDX-License-Identifier: MIT */
/* Keeps runs apart from one another and from the machine: network, System V IPC, and what they write to files.
 *
 * Each worker has a sandbox. A process of its own, the holder, keeps the sandbox's namespaces alive, and the worker's
 * runs enter them. They vanish when the holder dies, and the holder dies with the command.
 */
#ifndef NOMEM_ISOLATION_H
#define NOMEM_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>

#include "overlay_view.h"

/* Room for the text that says what is isolated, or why it is not. */
#define NOMEM_ISOLATION_REASON_BYTES 512

struct nomem__isolation; /* what is possible on this machine */
struct nomem__sandbox;

/* Finds out what is possible, by trying it. jobs: so many sandboxes are started ahead. most_jobs: so many runs, at the
 * most, share the memory that their files take. Returns 0 and the caller's object, or a negative error code. kept: an
 * absolute folder in which changes stay; NULL: none. *is_complete: every part of the isolation works. reason: the parts
 * that do not work, and why; if all of them do, the folders in which changes are thrown away. */
int nomem__isolation_open(unsigned jobs, unsigned most_jobs, const char *kept, struct nomem__isolation **isolation,
                          bool *is_complete, char *reason, size_t reason_bytes);

/* Whether this child of the calling process is a holder of one of its sandboxes. NULL is allowed: it has none. */
bool nomem__isolation_has_process(const struct nomem__isolation *isolation, pid_t pid);

/* NULL is allowed. All sandboxes must have been closed. */
void nomem__isolation_close(struct nomem__isolation *isolation);

/* Makes a sandbox and the process that holds it, and a memory file for the channel, which the holder keeps open as
 * well, because a run in a sandbox may not look at the descriptors of the command. Returns 0, the caller's object and
 * the caller's descriptor, or a negative error code. */
int nomem__sandbox_open(struct nomem__isolation *isolation, struct nomem__sandbox **sandbox, int *channel_fd);

/* An empty memory file for a channel, for runs with or without a sandbox. Returns a descriptor or a negative error
 * code. */
int nomem__channel_file(void);

/* The holder is certain to be gone only once the isolation is closed. NULL is allowed. */
void nomem__sandbox_close(struct nomem__sandbox *sandbox);

/* The path at which processes in the sandbox, and those outside, find the memory file. */
void nomem__sandbox_path(const struct nomem__sandbox *sandbox, char *path, size_t path_bytes);

/* Has the calling process, which must not have threads, enter the sandbox. is_fresh: it gets a view of its own, in
 * which the files are as they are outside, and an empty IPC namespace: nothing is left of earlier runs. Otherwise it
 * shares both with all that entered in this way. scratch_socket: the upper layers of a fresh view are sent there, for
 * nomem__sandbox_receive_scratch at the other end; -1: they are not. Between fork and exec: async-signal-safe. Returns
 * 0 or a negative error code. */
int nomem__sandbox_enter(const struct nomem__sandbox *sandbox, bool is_fresh, int scratch_socket);

/* The view of the files that runs in the sandbox have; it belongs to the sandbox. */
const struct nomem__view *nomem__sandbox_view(const struct nomem__sandbox *sandbox);

/* The folder with the upper layers of the run that was the last to enter a fresh view with the other end of this
 * socket: a descriptor of the caller's. Call it once for each run. -1: views of files are not possible here. */
int nomem__sandbox_receive_scratch(int scratch_socket);

/* The folder with the upper layers of the view that runs share: a descriptor of the sandbox's; -1: there is none. */
int nomem__sandbox_shared_scratch(const struct nomem__sandbox *sandbox);

/* Whether there are more or fewer files in the shared view than when it was last accepted, or opened: 1 or 0, or
 * -ENODATA when that cannot be known. */
int nomem__sandbox_has_changed(const struct nomem__sandbox *sandbox);

/* From now on, the files in the shared view count as those that were there before. */
void nomem__sandbox_accept_files(struct nomem__sandbox *sandbox);

#endif
