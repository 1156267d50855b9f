/* SPDX-License-Identifier: MIT */
/* Keeps runs apart from one another and from the machine: network, System V IPC, and what they write to files.
 *
 * A cell belongs to a worker: a process of its own holds the namespaces, and the worker's runs enter them. All of it
 * goes when that process dies, and it dies with the command.
 */
#ifndef NOMEM_ISOLATION_H
#define NOMEM_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>

#include "../residue/created_files.h"

/* Room for what is said about isolation. */
#define NOMEM_ISOLATION_REASON_BYTES 512

struct nomem__isolation; /* what is possible here */
struct nomem__sandbox;

/* Finds out what is possible, by trying. jobs: how many runs share the memory that their files take. Returns 0 and the
 * caller's object, or a negative error code. *is_complete: no part is missing. reason: the parts that are, and why; or,
 * of a complete one, the folders in which changes are thrown away. */
int nomem__isolation_open(unsigned jobs, struct nomem__isolation **isolation, bool *is_complete, char *reason,
                          size_t reason_bytes);

/* NULL is fine. No cell may be open. */
void nomem__isolation_close(struct nomem__isolation *isolation);

/* Makes a cell and the process that holds it, and a memory file for the channel, which that process keeps open, too: a
 * run in a cell may not look at the command's own descriptors. Returns 0 and the caller's object and descriptor, or a
 * negative error code. */
int nomem__sandbox_open(struct nomem__isolation *isolation, struct nomem__sandbox **cell, int *fd);

/* An empty memory file for a channel, wherever the run is. Returns a descriptor or a negative error code. */
int nomem__channel_file(void);

/* The process that holds it is gone for certain once the isolation is closed. NULL is fine. */
void nomem__sandbox_close(struct nomem__sandbox *cell);

/* The path at which processes in the cell, and outside, find the memory file. */
void nomem__sandbox_path(const struct nomem__sandbox *cell, char *path, size_t path_bytes);

/* Has the calling process, which must not have threads, enter the cell. is_fresh: files are as they are outside, IPC is
 * empty, nothing is left of earlier runs; otherwise it shares them with all that entered in this way. What is made in a
 * fresh view can be listed by whoever has the other end of the socket tell_fd (-1: nobody). Between fork and exec:
 * async-signal-safe. Returns 0 or a negative error code. */
int nomem__sandbox_enter(const struct nomem__sandbox *cell, bool is_fresh, int tell_fd);

/* Lists what the last run has made, which entered a fresh view with the other end of the socket told_fd. Call it for
 * each. It is not known where views of files are not possible, nor of a run that made too many. made is empty, and the
 * caller's. */
void nomem__sandbox_list_fresh(const struct nomem__sandbox *cell, int told_fd, struct nomem__created_files *made);

/* The same of a run that shared its view, which nothing may run in: removes all of it, so that the next one does not
 * find it. Changes to what was there before stay. */
void nomem__sandbox_list_shared(struct nomem__sandbox *cell, struct nomem__created_files *made);

#endif
