/* SPDX-License-Identifier: MIT */
/* Explores a case in a process of its own.
 *
 * Each case has its own folder, environment, messages and end, and what it does to the command that explores it, such
 * as to take all its memory, must not end the whole suite. A process gives it all of that, and several cases can be
 * explored at a time: most tests wait more than they work. What was read of debug information before is there in the
 * process, too. */
#ifndef NOMEM_CASE_PROCESS_H
#define NOMEM_CASE_PROCESS_H

#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "../options/options.h"
#include "../run/session.h"
#include "suite_cases.h"

/* What all cases have in common. */
struct nomem__case_setup {
  const struct nomem__options *options; /* of the suite, but for what follows */
  const char *folder;                   /* the suite's: where relative source paths begin */
  const char *store;                    /* an absolute path; NULL: none */
  const char *inputs;                   /* the folder for copies of standard inputs, an absolute path */
  struct nomem__symbols *symbols;
  int lone_lock;
  struct rlimit descriptors; /* how many a case's process may have: the command itself needs more */
  sigset_t signals; /* that the command blocks, and a case's process does not: those that were blocked before */
};

/* What is asked for of one. */
struct nomem__case_request {
  const struct nomem__suite_case *suite_case;
  unsigned share;     /* see suite_load.h */
  uint64_t budget_ms; /* 0: none */
  struct nomem__progress_board *board;
  bool takes_turns; /* with other cases: see case_orders.h */
  bool is_in_place; /* the runner waits for it: see in_place.h */
  size_t inherited; /* so many descriptors its runs are given, under these numbers */
  const int *copies, *numbers;
};

struct nomem__case_process {
  pid_t pid;       /* 0: there is none */
  bool has_passed; /* the case, when it was recorded */
  bool was_seen;   /* how it ended then is known */
  bool is_in_place;
  int document_fd; /* memory files of the caller's, in which it writes the report's document, */
  int message_fd;  /* and what it has to say */
  int order_fd;    /* the caller's end of the socket over which it takes turns; -1: it does not */
};

/* How a case came out. */
struct nomem__case_result {
  enum nomem__left_out left_out;
  char *reason;     /* owned; NULL: it was explored */
  json_t *document; /* owned; NULL: it was not explored */
  bool has_broken;  /* the process that explored it failed by itself: of the case, that says nothing */
};

/* Starts the process. Returns 0 or a negative error code. */
int nomem__case_start(struct nomem__case_process *process, const struct nomem__case_setup *setup,
                      const struct nomem__case_request *request);

/* The process has ended with this status, as from waitpid: reads what it has left, and closes its files. */
void nomem__case_finish(struct nomem__case_process *process, int status, struct nomem__case_result *result);

#endif
