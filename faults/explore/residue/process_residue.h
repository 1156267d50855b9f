/* SPDX-License-Identifier: MIT */
/* What a run leaves behind. */
#ifndef NOMEM_PROCESS_RESIDUE_H
#define NOMEM_PROCESS_RESIDUE_H

#include "../process/process_identity.h"
#include "created_files.h"
#include "heap_scan.h"

/* Descriptors of a process that are listed, and room for what each is open for. */
#define NOMEM__OPEN_MAX 64
#define NOMEM__OPEN_BYTES 256

/* All zero: not known. */
struct nomem__process_residue {
  bool is_known; /* of the first process of a run */
  uint64_t live; /* blocks and bytes in use, as the injector counts them: equal for equal amounts; of the whole run */
  pid_t pid;
  struct nomem__process who;
  bool has_leak_check; /* a sanitizer can say more of it */
  bool has_ended;      /* what follows is known */
  unsigned descriptors, threads, children;
  unsigned open_count; /* with a block table: those of open[] that are listed */
  struct nomem__open {
    int fd;
    char what[NOMEM__OPEN_BYTES]; /* as /proc has it, without numbers that are others in each run */
  } * open;                       /* owned */
  bool has_block_table;
  struct nomem__leak_list left;     /* owned; empty without a block table */
  struct nomem__created_files made; /* owned */
};

/* Looks at a process at its end, if it keeps a block table: pid is stopped, and traced by the caller; ending is its
 * entry in the channel. */
void nomem__process_residue_look(struct nomem__process_residue *residue, pid_t pid, const struct nomem_channel *channel,
                                 const struct nomem_exit_report *ending);

/* Takes over what a process has counted. */
void nomem__process_residue_take(struct nomem__process_residue *residue, const struct nomem_exit_report *ending);

/* Reads what a run has counted, and its first process, once it is over. */
void nomem__process_residue_count(struct nomem__process_residue *residue, const struct nomem_channel *channel,
                                  const struct nomem__processes *processes);

/* Says what is left here of descriptors, threads and children that is not left there; false: nothing. Both know. */
bool nomem__process_residue_more(const struct nomem__process_residue *here, const struct nomem__process_residue *there,
                                 char *what, size_t what_bytes);

/* Equal for what the last one says of the same thing in two runs: without numbers, and letters that mkstemp makes. */
uint64_t nomem__process_residue_hash(const char *what);

void nomem__process_residue_clear(struct nomem__process_residue *residue);

#endif
