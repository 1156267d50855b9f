/* SPDX-License-Identifier: MIT */
/* Runs a runner once, as it is, and records which programs it starts. Nothing is loaded into them: ptrace shows each
 * one that is executed, and its end. */
#ifndef NOMEM_RECORDER_H
#define NOMEM_RECORDER_H

#include <sys/types.h>

#include "../options/options.h"
#include "recording.h"

/* Who looks on, and may have the runner wait for a program that has ended already. That time is not part of
 * --timeout. */
struct nomem__onlooker {
  /* A program that may be a case is about to begin. */
  void (*begins)(void *user, const struct nomem__recording *recording, size_t image, pid_t pid);

  /* A program has ended, and all that is known of it is in the recording; or else it is about to begin, untraced from
   * then on (was_let_go). The process is stopped. Returns whether whoever has started it is to wait on; if it has not
   * begun, it is to wait itself. */
  bool (*holds)(void *user, const struct nomem__recording *recording, size_t image, pid_t pid);

  /* There is something to read in the socket. Returns the process that nobody has to wait for any longer; 0: none; -1:
   * the runner is to end. */
  pid_t (*hears)(void *user);

  int socket;
  void *user;
};

/* Runs options->program with the standard streams of the command, and fills in the caller's empty recording. When a
 * report or --list has standard output, what the program writes there goes to standard error. A signal that would end
 * the command, or --timeout, ends the runner, and the recording is what there was until then. onlooker: NULL if there
 * is none. Returns 0, or a negative error code after one line on standard error: nothing was recorded then. */
int nomem__record(const struct nomem__options *options, const struct nomem__onlooker *onlooker,
                  struct nomem__recording *recording);

#endif
