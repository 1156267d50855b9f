/* SPDX-License-Identifier: MIT */
/* The programs that the processes of a run executed, and which of them the injector was not loaded into: what those do
 * without memory is not known, and somebody has to be told. Known only of runs that are traced.
 */
#ifndef NOMEM_EXECUTED_PROGRAMS_H
#define NOMEM_EXECUTED_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../../channel.h"
#include "../process/process_identity.h"
#include "../text/quote.h"

/* So many programs of a run are looked at. The rest of a script that starts thousands is mostly more of the same. */
#define NOMEM__EXECUTED_MAX 256
/* Room for a sentence with the program's name in it. */
#define NOMEM__EXECUTED_REASON_BYTES (3 * NOMEM_QUOTE_BYTES)

struct nomem__executed_program {
  pid_t pid;             /* of its process, as the command sees it */
  pid_t inner_pid;       /* as the process itself does, which may have a namespace of its own */
  uint32_t images_first; /* so many programs had loaded the injector before it: its own entry can only come later */
  bool has_successor;    /* its process has executed another one, */
  uint32_t images_end;   /* when so many had loaded it */
  bool is_privileged;    /* set-uid and the like: with the rights of another user it does not load the injector */
  char path[NOMEM_PATH_BYTES];
  char reason[NOMEM__EXECUTED_REASON_BYTES]; /* why it was not injected: a sentence that begins with its name */
};

/* All zero: none. After nomem__executed_programs_finish: those that were not injected. */
struct nomem__executed_programs {
  struct nomem__executed_program *list; /* owned */
  size_t count, room;
};

/* Notes a program that the process pid, which is stopped, has just executed. preload: the library that it is to load;
 * NULL: it has the injector linked in. What there is no room for is left out. */
void nomem__executed_programs_note(struct nomem__executed_programs *programs, const struct nomem_channel *channel,
                                   pid_t pid, const char *preload);

/* Whether the program that the process pid executed before was injected. */
bool nomem__executed_programs_replaces_injected(const struct nomem_channel *channel, pid_t pid);

/* The run is over: drops those that were injected, and those that were killed before it could be told. */
void nomem__executed_programs_finish(struct nomem__executed_programs *programs, const struct nomem_channel *channel,
                                     const struct nomem__processes *processes, pid_t root);

/* Copies each program once, however often it was executed, to an empty list of the caller's. */
void nomem__executed_programs_copy(struct nomem__executed_programs *copy,
                                   const struct nomem__executed_programs *programs);

/* Whether one of them has the rights of another user. */
bool nomem__executed_programs_have_privileged(const struct nomem__executed_programs *programs);

/* Empties them for the next run, and frees. */
void nomem__executed_programs_clear(struct nomem__executed_programs *programs);

#endif
