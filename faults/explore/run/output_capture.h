/* The files that standard output and standard error of a worker's runs go to, one after the other. */
#ifndef NOMEM_STREAMS_H
#define NOMEM_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { NOMEM_OUTPUT, NOMEM_ERROR, NOMEM_STREAMS };

/* What is in one. */
struct nomem__stream {
  int fd; /* the worker's; what is in it stays until its next run */
  uint64_t bytes, hash;
};

struct nomem__streams {
  int fd[NOMEM_STREAMS];
  off_t kept[NOMEM_STREAMS]; /* written before the fork: every run's output begins with it */
  int flags[NOMEM_STREAMS];  /* as before the fork: no run sees what another one has set */
  off_t at_death[NOMEM_STREAMS];
  bool has_death;
};

/* Before nomem__streams_open; may be closed. */
#define NOMEM_STREAMS_NONE \
  {                        \
    .fd = { -1, -1 }       \
  }

/* Makes both; whoever writes writes at the end. Returns 0, or a negative error code, and then they are to be closed all
 * the same. */
int nomem__streams_open(struct nomem__streams *streams);

void nomem__streams_close(struct nomem__streams *streams);

/* Empties both, for a new process. Returns 0 or a negative error code, as those below. */
int nomem__streams_restart(struct nomem__streams *streams);

/* Takes what is there by now for what every run begins with that is forked from here on. */
void nomem__streams_keep(struct nomem__streams *streams);

/* Puts them back to where they were then. */
int nomem__streams_rewind(struct nomem__streams *streams);

/* Notes that a process is about to die. */
void nomem__streams_note_death(struct nomem__streams *streams);

/* How many bytes are in both. */
uint64_t nomem__streams_bytes(const struct nomem__streams *streams);

/* What is in one of them. */
struct nomem__stream nomem__streams_read(const struct nomem__streams *streams, unsigned which);

/* What was written last, as a string: to standard error, if anything was, which says more of a failure. by_death:
 * before the death that was noted, if there was one: what comes later others have written. */
void nomem__streams_tail(const struct nomem__streams *streams, bool by_death, char *tail, size_t tail_bytes);

#endif
