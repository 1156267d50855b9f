/* SPDX-License-Identifier: MIT */
/* Starts a program, traced from its first instruction on if that is wanted. */
#ifndef NOMEM_SPAWN_H
#define NOMEM_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../isolation/isolation.h"
#include "stop_watcher.h"

/* How to start it. Descriptors stay the caller's; -1 inherits the command's own. */
struct nomem__start {
  const char *path; /* of the file to execute */
  char **argv;
  char **environment;
  int stdin_fd, stdout_fd, stderr_fd;
  bool own_session;    /* without the command's terminal, out of reach of its Ctrl-C */
  bool same_addresses; /* no address randomisation: what depends on addresses comes out alike in every run */
  bool trace;
  bool watch_effects;                       /* fills in nomem__end.effects; needs trace */
  bool watch_ends;                          /* as for nomem__tree_on_exit; needs trace */
  struct nomem__stop_watcher *stop_watcher; /* NULL: none. Needs trace */
  bool lets_go;                             /* processes that ask for it are traced no longer: see NOMEM_LET_GO */
  const struct nomem__sandbox *sandbox;     /* to run in; NULL: none */
  bool is_fresh;                            /* this and scratch_socket: as for nomem__sandbox_enter */
  int scratch_socket;
};

/* The program begins with this set of signals blocked. Returns 0 and the process in *pid, which is the caller's to wait
 * for; or a negative error code, and then there is none. *error_fd is the caller's to close in either case (-1: there
 * is none): when the program cannot be executed, errno can be read from it. -EPERM: ptrace is not allowed here. */
int nomem__spawn(const struct nomem__start *start, const sigset_t *blocked, pid_t *pid, int *error_fd);

#endif
