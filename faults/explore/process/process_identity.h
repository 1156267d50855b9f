/* SPDX-License-Identifier: MIT */
/* Which process of a run is which of another run: by who started it, as how many-eth, and the program that it ends as.
 *
 * A process that starts its children one after the other starts them in the same order in every run, as long as it does
 * the same; where two run at a time, the order may be one of chance.
 */
#ifndef NOMEM_PROCESS_IDENTITY_H
#define NOMEM_PROCESS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of a program's name, what is kept. */
#define NOMEM__PROCESS_NAME 64

/* All zero: not known. */
struct nomem__process {
  uint64_t id;                    /* who started it, and as how many-eth; so for these, too; 0: not known */
  uint64_t parent_id;             /* 0: it is the root */
  char name[NOMEM__PROCESS_NAME]; /* of the program that it executed last */
  bool is_among_children;         /* children of its parent ran at the same time: as how many-eth may be chance */
  bool has_exited;                /* not so of one that was killed, or is not over */
  int status;                     /* with has_exited: what it gave to exit */
};

struct nomem__processes; /* of one run, in order of their start */

/* Takes note of a fork by a thread, of an exec, and of an end. The list comes to be with the first fork: *processes is
 * NULL before. What memory or room does not suffice for is not known. */
void nomem__processes_forked(struct nomem__processes **processes, pid_t root, pid_t creator, pid_t child);
void nomem__processes_executed(struct nomem__processes *processes, pid_t pid);
void nomem__processes_ended(struct nomem__processes *processes, pid_t pid, int status);

/* NULL processes are allowed: nothing is known. Of two with the same number the later one is told. */
struct nomem__process nomem__processes_tell(const struct nomem__processes *processes, pid_t pid);

void nomem__processes_free(struct nomem__processes *processes);

#endif
