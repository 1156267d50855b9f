/* SPDX-License-Identifier: MIT */
/* Records what the processes of a run leave behind, each when it ends. */
#ifndef NOMEM_EXIT_RECORDS_H
#define NOMEM_EXIT_RECORDS_H

#include "child_residue.h"

/* Of a run: its first process; and of its other processes the one in which the first call was failed, or all of them.
 */
struct nomem__exit_records {
  struct nomem__process_residue first;
  struct nomem__child_residue child_residue;
  bool wants_all;
  uint64_t spent_ns; /* reading other processes than the first */
};

/* Whether a process is to be read at its end, and there is time for it. */
bool nomem__exit_records_want(const struct nomem__exit_records *records, const struct nomem_channel *channel,
                              pid_t pid);

/* Reads it through its thread tid, which is stopped, and traced by the caller. */
void nomem__exit_records_read(struct nomem__exit_records *records, const struct nomem_channel *channel, pid_t pid,
                              pid_t tid);

/* Adds what the processes themselves have counted, when the run is over. */
void nomem__exit_records_finish(struct nomem__exit_records *records, const struct nomem_channel *channel,
                                const struct nomem__processes *processes);

/* Empties them for the next run. */
void nomem__exit_records_clear(struct nomem__exit_records *records);

#endif
