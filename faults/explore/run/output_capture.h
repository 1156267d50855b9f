/* SPDX-License-Identifier: MIT */
/* The files that standard output and standard error of a worker's runs go to, one after the other. */
#ifndef NOMEM_OUTPUT_CAPTURE_H
#define NOMEM_OUTPUT_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { NOMEM_OUTPUT, NOMEM_ERROR, NOMEM_STREAMS };

/* What is in one. */
struct nomem__output {
  int fd; /* the worker's; what is in it stays until its next run */
  uint64_t bytes, hash;
};

struct nomem__output_capture {
  int fd[NOMEM_STREAMS];
  off_t kept[NOMEM_STREAMS]; /* written before the fork: every run's output begins with it */
  int flags[NOMEM_STREAMS];  /* as before the fork: no run sees what another one has set */
  off_t at_death[NOMEM_STREAMS];
  bool has_death;
};

/* Before nomem__output_capture_open; may be closed. */
#define NOMEM_STREAMS_NONE \
  {                        \
    .fd = { -1, -1 }       \
  }

/* Makes both; whoever writes writes at the end. Returns 0, or a negative error code, and then they are to be closed all
 * the same. */
int nomem__output_capture_open(struct nomem__output_capture *capture);

void nomem__output_capture_close(struct nomem__output_capture *capture);

/* Empties both, for a new process. Returns 0 or a negative error code, as those below. */
int nomem__output_capture_restart(struct nomem__output_capture *capture);

/* Takes what is there by now for what every run begins with that is forked from here on. */
void nomem__output_capture_keep(struct nomem__output_capture *capture);

/* Puts them back to where they were then. */
int nomem__output_capture_rewind(struct nomem__output_capture *capture);

/* Notes that a process is about to die. */
void nomem__output_capture_note_death(struct nomem__output_capture *capture);

/* How many bytes are in both. */
uint64_t nomem__output_capture_bytes(const struct nomem__output_capture *capture);

/* What is in one of them. */
struct nomem__output nomem__output_capture_read(const struct nomem__output_capture *capture, unsigned which);

/* What was written last, as a string: to standard error, if anything was, which says more of a failure. by_death:
 * before the death that was noted, if there was one: what comes later others have written. */
void nomem__output_capture_tail(const struct nomem__output_capture *capture, bool by_death, char *tail,
                                size_t tail_bytes);

#endif
