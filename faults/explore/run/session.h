/* SPDX-License-Identifier: MIT */
/* What every command that runs programs needs: the loop, the target, the signals that end the command, the symbols. */
#ifndef NOMEM_SESSION_H
#define NOMEM_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <uv.h>

#include "../options/options.h"
#include "../process/process_tree.h"
#include "../stack/symbols.h"
#include "../target/target_check.h"
#include "../text/progress.h"
#include "worker.h"

struct nomem__session {
  const struct nomem__options *options;
  uv_loop_t loop;
  bool has_loop;
  uv_signal_t signals[NSIG]; /* those that end the command, after its report */
  unsigned signal_count;
  struct nomem__trees *trees;
  struct nomem__symbols *symbols;
  struct nomem__target target;
  struct nomem__run_setup setup;
  struct nomem__isolation *isolation; /* NULL: none */
  struct nomem__options settled;      /* the options that were given, changed where something turned out later */
  char chosen_image[NOMEM_GLOB_BYTES];
  unsigned jobs;
  unsigned processors; /* so many of them are its runs' */
  char preload[PATH_MAX];
  struct nomem__sanitizer_memory sanitizer;
  bool is_isolated;
  char isolation_reason[NOMEM_ISOLATION_REASON_BYTES]; /* the isolated folders, or why runs are not isolated */
  int interrupted_by;                                  /* 0, or the signal that ends the command */
  unsigned interrupts;                                 /* so often such a signal came */
  void (*on_interrupt)(void *user);
  void *user;
  bool owns_symbols;
  struct nomem__progress_board *board; /* NULL: the command shows its progress itself */
  int lone_lock; /* a file that is locked before a run that is not isolated: other commands have such runs, too; 0: none
                  */
};

/* Checks the target and opens all the rest. inherit: runs have the standard streams of the command. Returns 0, or a
 * negative error code after one line on standard error; then nothing is open. */
int nomem__session_open(struct nomem__session *session, const struct nomem__options *options, bool inherit);

/* Those of the machine, from 1 to NOMEM_JOBS_MAX: a session that is not shared has them all. */
unsigned nomem__session_count_processors(void);

/* What the sessions of several commands, each a process of its own, have in common. */
struct nomem__session_shared {
  struct nomem__symbols *symbols;
  struct nomem__progress_board *board;
  int lone_lock;
  unsigned processors; /* of the machine's, so many are the runs' of one session */
};

/* The same, with what it shares with others, which stays the caller's. */
int nomem__session_open_shared(struct nomem__session *session, const struct nomem__options *options,
                               const struct nomem__session_shared *shared);

void nomem__session_close(struct nomem__session *session);

/* Runs that are not isolated may disturb those of other commands that are not, either: one command at a time has such
 * runs. An open session has its turn, waits for it where another has it, and keeps it until it ends it or the process
 * ends. It must not wait for another command then. Where runs are isolated, or nothing is shared, nothing happens. */
void nomem__session_take_turn(const struct nomem__session *session);
void nomem__session_end_turn(const struct nomem__session *session);

/* Says whether runs are isolated, if the user has to know or wants to. Called once, when there is something to run. */
void nomem__session_say_isolation(const struct nomem__session *session);

/* Runs the loop until there is nothing to wait for. */
void nomem__session_run(struct nomem__session *session);

/* Runs the loop until the run of this worker has ended, although the process that it was forked from goes on. */
void nomem__session_run_until(struct nomem__session *session, const struct nomem__worker *worker);

/* A run could not be started: says why. If ptrace is not allowed, says that the command goes on without it, and returns
 * true: the caller starts the run again. */
bool nomem__session_can_retry(struct nomem__session *session, int result);

/* Once it is known what one run uses, in hundredths of a processor: says how many are made at a time, where neither the
 * user has said it nor isolation is missing. */
void nomem__session_choose_jobs(struct nomem__session *session, unsigned run_load);

/* Gives up the isolation, for a program that fails in it, unless the user insists on it. False: it was not given up. */
bool nomem__session_drop_isolation(struct nomem__session *session);

/* Intercepts no programs but these, as with --image. */
void nomem__session_choose_image(struct nomem__session *session, const char *names);

/* Whether the injector was at work in this run. If not, says why, and what to do. */
bool nomem__session_was_injected(const struct nomem__outcome *outcome);

#endif
