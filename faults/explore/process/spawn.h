/* SPDX-License-Identifier: MIT */
/* Starts a program, and traces it from its first instruction on if that is wanted. */
#ifndef NOMEM_SPAWN_H
#define NOMEM_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../isolation/isolation.h"
#include "stop_watcher.h"

struct nomem__keeper;
struct nomem__keepers;
struct nomem__openings;

/* How a program is started. Descriptors stay the caller's; -1: the program inherits that of the command. */
struct nomem__spawn_request {
  struct nomem__keeper *keeper; /* who starts it */
  const char *path;             /* of the file to execute */
  char **argv;
  char **environment;
  int stdin_fd, stdout_fd, stderr_fd;
  uint64_t output_max_bytes; /* its keeper ends what runs when these two take more memory; 0: nobody looks */
  bool own_session;          /* without the terminal of the command, and out of reach of its Ctrl-C */
  bool same_addresses;       /* without address randomisation: what depends on addresses is the same in every run */
  bool is_forked;            /* the injector forks it for runs, which are its siblings */
  const struct nomem__sandbox *sandbox; /* to run in, that of its keeper; NULL: none */
  bool is_fresh;                        /* this and scratch_socket: as for nomem__sandbox_enter */
  int scratch_socket;

  bool trace;                               /* all that follows needs it */
  bool watch_effects;                       /* fills in nomem__end.effects */
  const char *created_path;                 /* the creator of a file like the one at this path is looked for, with */
  struct nomem__stack *creator;             /* watch_effects; the stack of the last one is noted here. NULL: neither */
  struct nomem__openings *openings;         /* who opens descriptors is noted here, not with watch_effects; NULL: not */
  bool watch_exits;                         /* calls nomem__tree_callbacks.exits */
  struct nomem__stop_watcher *stop_watcher; /* NULL: none */
  bool allow_detach; /* a process that asks for it is traced no longer: see NOMEM_DETACH_REQUEST */
};

/* Starts the program with this set of signals blocked, by its keeper, whose child it is. Returns 0 and the process in
 * *pid; or a negative error code, and then there is no process. *error_fd is the caller's to close in either case (-1:
 * there is none): when the program cannot be executed, errno can be read from it. -EPERM: ptrace is not allowed here.
 */
int nomem__spawn(struct nomem__keepers *keepers, const struct nomem__spawn_request *request, const sigset_t *blocked,
                 pid_t *pid, int *error_fd);

#endif
