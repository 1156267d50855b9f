/* SPDX-License-Identifier: MIT */
/* Which process of a run corresponds to which process of another run: by the process that started it, by its number
 * among the children of that process, and by the program that it ended as.
 *
 * A process that starts its children one after the other starts them in the same order in every run, as long as it does
 * the same. Where two of them run at a time, their order may be chance.
 */
#ifndef NOMEM_PROCESS_IDENTITY_H
#define NOMEM_PROCESS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* So much of a program's name is kept. */
#define NOMEM__PROCESS_NAME 64

/* All zero: not known. */
struct nomem__process {
  uint64_t id;                    /* of its parent's id and its number among that one's children; 0: not known */
  uint64_t parent_id;             /* 0: it is the root */
  char name[NOMEM__PROCESS_NAME]; /* of the program that it executed last */
  bool is_order_uncertain;        /* its parent had several children at a time: its number among them may be chance */
  bool has_exited;                /* false when it was killed, or still runs */
  int status;                     /* with has_exited: its exit status */
};

struct nomem__processes; /* of one run, in the order in which they were started */

/* Record a fork by a thread, an exec, and the end of a process. The list is made at the first fork: *processes is NULL
 * before. Processes for which there is no memory or no room stay unknown. */
void nomem__processes_forked(struct nomem__processes **processes, pid_t root, pid_t creator, pid_t child);
void nomem__processes_executed(struct nomem__processes *processes, pid_t pid);
void nomem__processes_ended(struct nomem__processes *processes, pid_t pid, int status);

/* What is known of a process; of two with the same pid, of the later one. processes may be NULL: nothing is known. */
struct nomem__process nomem__processes_get(const struct nomem__processes *processes, pid_t pid);

void nomem__processes_free(struct nomem__processes *processes);

#endif
