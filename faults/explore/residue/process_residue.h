/* SPDX-License-Identifier: MIT */
/* What one process leaves behind when it ends. */
#ifndef NOMEM_PROCESS_RESIDUE_H
#define NOMEM_PROCESS_RESIDUE_H

#include "../process/process_identity.h"
#include "created_files.h"
#include "heap_residue.h"

/* So many descriptors of a process are listed, and there is so much room for what each is open for. */
#define NOMEM__DESCRIPTORS_MAX 64
#define NOMEM__DESCRIPTOR_BYTES 256

/* All zero: nothing is known. */
struct nomem__process_residue {
  bool is_known; /* of the first process of a run: its end was watched */
  uint64_t live; /* of the whole run: blocks and bytes in use, as one number that the injector keeps. Equal amounts
                    give equal numbers */
  pid_t pid;
  struct nomem__process identity;
  bool has_returned;   /* from main() */
  bool has_main_frame; /* main() has returned, and what it held then is known */
  bool has_leak_check; /* a sanitizer can look for leaks in it */
  bool has_ended;      /* by itself: the next three are known */
  unsigned descriptors, threads, children;
  unsigned open_count; /* of a process with a block table: so many are listed */
  struct nomem__descriptor {
    int fd;
    char what[NOMEM__DESCRIPTOR_BYTES]; /* as /proc has it, but without numbers that differ from run to run */
  } * open;                             /* owned */
  bool has_filter;                      /* of its system calls; of a process with a block table */
  bool has_block_table;
  struct nomem__heap_residue heap;           /* owned; empty without a block table */
  struct nomem__created_files created_files; /* of the first process: of the whole run; owned */
};

/* Reads it from a process at its end, through its thread tid, which is stopped, and traced by the caller; report is its
 * entry in the channel. */
void nomem__process_residue_read(struct nomem__process_residue *residue, pid_t pid, pid_t tid,
                                 const struct nomem_channel *channel, const struct nomem_exit_report *report);

/* Copies what the process itself has counted at its end. */
void nomem__process_residue_set_counts(struct nomem__process_residue *residue, const struct nomem_exit_report *report);

/* Copies what the first process of a run has counted, and which one it is, when the run is over. */
void nomem__process_residue_finish(struct nomem__process_residue *residue, const struct nomem_channel *channel,
                                   const struct nomem__processes *processes);

/* Says which descriptors, threads or children are left here and not there. False: none, or it is not known of both. */
bool nomem__process_residue_describe_new(const struct nomem__process_residue *here,
                                         const struct nomem__process_residue *there, char *what, size_t what_bytes);

/* Says which descriptor is open here, and in none of the others, that main() did not hold when it returned, and of
 * which counts says yes. False: none, or it is not known of all of them. */
struct nomem__descriptor_filter {
  bool (*counts)(const void *user, pid_t pid, int fd);
  const void *user;
};
bool nomem__process_residue_describe_lost(const struct nomem__process_residue *here,
                                          const struct nomem__process_residue *const *there, unsigned there_count,
                                          const struct nomem__descriptor_filter *filter, char *what, size_t what_bytes,
                                          int *fd);

/* A hash of what one of these says, which is the same for the same thing in two runs, in which numbers and the letters
 * of mkstemp differ. */
uint64_t nomem__process_residue_hash(const char *what);

void nomem__process_residue_clear(struct nomem__process_residue *residue);

#endif
