/* SPDX-License-Identifier: MIT */
/* The files to which the runs of a worker write their standard output and standard error, one run after the other. */
#ifndef NOMEM_OUTPUT_CAPTURE_H
#define NOMEM_OUTPUT_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { NOMEM_OUTPUT, NOMEM_ERROR, NOMEM_STREAMS };

/* What a run has written to one of them. */
struct nomem__output {
  int fd; /* the worker's; its contents stay until the next run */
  uint64_t bytes, hash;
};

struct nomem__output_capture {
  int fd[NOMEM_STREAMS];
  off_t kept[NOMEM_STREAMS]; /* so much was written before the fork: the output of every run begins with it */
  int flags[NOMEM_STREAMS];  /* those before the fork: no run sees what another one has set */
  off_t at_death[NOMEM_STREAMS];
  bool has_death;
  bool is_bounded; /* by the kernel, to NOMEM_OUTPUT_ROOM_BYTES */
};

/* A run that has written more than this, in bytes, writes without end, and into memory. No more of it is read: a file
 * may be made as large as anything without a byte of it being there. */
#define NOMEM_OUTPUT_MAX_BYTES (UINT64_C(64) << 20)

/* Where the kernel lets the files be bounded, a write beyond this fails, for as long as the command does not get to
 * ending the run: while it is stopped, say. It is more than the bound above, which is thus passed by whoever comes
 * here. */
#define NOMEM_OUTPUT_ROOM_BYTES (UINT64_C(96) << 20)

/* Where it does not, the run's keeper ends it when its output takes more memory than this. */
#define NOMEM_OUTPUT_KEEPER_BYTES (UINT64_C(256) << 20)

/* The value before nomem__output_capture_open. It may be closed. */
#define NOMEM_OUTPUT_CAPTURE_NONE \
  {                               \
    .fd = { -1, -1 }              \
  }

/* Makes both files, to which writes append. Returns 0; or a negative error code, and then they must be closed all the
 * same. */
int nomem__output_capture_open(struct nomem__output_capture *capture);

void nomem__output_capture_close(struct nomem__output_capture *capture);

/* Empties both, for a new process. Returns 0 or a negative error code, as do the functions below. */
int nomem__output_capture_restart(struct nomem__output_capture *capture);

/* The process is about to be forked: from here on, every run begins with what is in the files now. */
void nomem__output_capture_keep(struct nomem__output_capture *capture);

/* Puts the files back to what they were then. */
int nomem__output_capture_rewind(struct nomem__output_capture *capture);

/* Notes that a process is about to die. */
void nomem__output_capture_note_death(struct nomem__output_capture *capture);

/* How many bytes are in both files. */
uint64_t nomem__output_capture_bytes(const struct nomem__output_capture *capture);

/* What is in one of them. */
struct nomem__output nomem__output_capture_read(const struct nomem__output_capture *capture, unsigned stream);

/* What was written last, as a string: to standard error if anything was, because that says more of a failure. by_death:
 * only what was written before the death that was noted, if any was: what comes later was written by other processes.
 */
void nomem__output_capture_tail(const struct nomem__output_capture *capture, bool by_death, char *tail,
                                size_t tail_bytes);

#endif
