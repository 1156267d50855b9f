/* SPDX-License-Identifier: MIT */
/* Keepers: small processes between the command and the runs, which leave nothing of a run behind.
 *
 * Each worker has a keeper. It is a child of the command, starts the worker's programs, and is a subreaper: whatever a
 * run leaves, however it was started and whatever it has done to its environment, its session or its rights, becomes
 * the keeper's child once its parents are gone. So what belongs to a run is known by descent alone, also where nothing
 * is traced, and while other runs go on. When the program has ended the keeper kills all that is left, generation by
 * generation, until it has no child any more. When the command is gone, whatever has ended it, the keeper does the same
 * at once, and ends.
 *
 * A run may kill its keeper. Its processes then come to the command, which is a subreaper, too.
 */
#ifndef NOMEM_KEEPER_H
#define NOMEM_KEEPER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "spawn.h"

struct nomem__keeper;

/* All keepers of the command. All zero: none. */
struct nomem__keepers {
  struct nomem__keeper *first;
};

enum nomem__keeper_report_kind {
  NOMEM_KEEPER_STARTED,
  NOMEM_KEEPER_ENDED, /* the program has, and nothing is left of it */
  NOMEM_KEEPER_SWEPT  /* as nomem__keeper_sweep was asked to */
};

/* What a keeper says. */
struct nomem__keeper_report {
  enum nomem__keeper_report_kind kind;
  int error;           /* started: errno; 0: it was */
  pid_t pid;           /* started: of the program. Swept: which child was spared */
  int status;          /* ended: as from waitpid */
  struct rusage usage; /* ended: as from wait4 */
  bool has_found;      /* ended, swept: processes were left, and are killed */
  bool has_left;       /* ended, swept: some cannot be killed, because they are another user's */
};

/* Starts a keeper. Its programs may run in the sandbox (NULL: they do not), which must outlive it. Returns 0 and an
 * object of the list's, or a negative error code. */
int nomem__keeper_open(struct nomem__keepers *keepers, const struct nomem__sandbox *sandbox,
                       struct nomem__keeper **keeper);

/* No program of its may run. NULL is allowed. */
void nomem__keeper_close(struct nomem__keepers *keepers, struct nomem__keeper *keeper);

/* Has the keeper start the program, which waits until a byte can be read from the pipe go, and writes errno to the pipe
 * error when it cannot be executed; both stay the caller's. No other program of its may run. A keeper that is gone is
 * replaced. Returns 0 and the process, or a negative error code. */
int nomem__keeper_start(struct nomem__keepers *keepers, struct nomem__keeper *keeper,
                        const struct nomem__spawn_request *request, const sigset_t *blocked, int go, int error,
                        pid_t *pid);

/* Has it kill all its children but one (0: all). Of a program that is forked for runs the keeper says when they are
 * gone; of others it says so anyway, when the program has ended. */
void nomem__keeper_sweep(struct nomem__keeper *keeper, pid_t spared);

/* Returns whether it has said something, which was not read before. It sends SIGCHLD when it does. */
bool nomem__keeper_read(struct nomem__keeper *keeper, struct nomem__keeper_report *report);

/* Whether it has children beside this one. */
bool nomem__keeper_has_others(struct nomem__keeper *keeper, pid_t pid);

/* Its process; 0: that is gone. */
pid_t nomem__keeper_pid(const struct nomem__keeper *keeper);

/* Ends a keeper that does not answer, and waits for its end: its children are the command's then. */
void nomem__keeper_end(struct nomem__keeper *keeper);

/* The keeper with this process, which has ended and was waited for. NULL: it was none. */
struct nomem__keeper *nomem__keepers_ended(struct nomem__keepers *keepers, pid_t pid);

bool nomem__keepers_have(const struct nomem__keepers *keepers, pid_t pid);

#endif
