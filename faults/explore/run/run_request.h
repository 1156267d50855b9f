/* SPDX-License-Identifier: MIT */
/* What one start of the program under test asks for. Every start says everything: nothing is kept of an earlier one. */
#ifndef NOMEM_RUN_REQUEST_H
#define NOMEM_RUN_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "../../channel.h"
#include "../process/signal_watcher.h"
#include "../process/stop_watcher.h"
#include "outcome.h"

struct nomem__worker;

typedef void (*nomem__worker_done)(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

/* All zero but for plan and done: an ordinary run without a time limit. The plan is copied; the other strings and the
 * watchers stay the caller's, and outlive the run. */
struct nomem__run_request {
  const char *plan;       /* a valid one; "": no call fails */
  uint64_t timeout_ms;    /* 0: none */
  uint64_t early_ms;      /* not 0: the run is ended after this time already, and outcome.is_early says so */
  enum nomem_watch watch; /* how closely its blocks are watched; a block table needs a program that is not forked */

  uint64_t guarded_from; /* with a block table: blocks are guarded from this allocation on, counted from 1; 0: none */

  bool use_server;   /* made by forking a process that stands before main(): see nomem__worker_obstacle */
  bool keep_files;   /* it may see what earlier runs of the worker wrote, which is cheaper; without isolation it does */
  bool reads_files;  /* what it wrote to files is read when it ends with status 0, as runs without a fault do */
  bool record_sites; /* of every call, not only as far as the plan needs them; implied by an empty plan */

  bool note_recoveries; /* sites that are reached only after a fault are noted in channel->recoveries; costs a tenth of
                           the run or more, and needs nomem__worker_use_tables */
  bool watch_effects;   /* effects on the world outside its memory are noted in outcome.end.effects */
  const char *created_path; /* the creator of a file like the one at this path is noted in outcome.creator, if the
                               program is traced and not forked; NULL: no file is watched for */
  bool watch_openings; /* who opens descriptors is noted in outcome.openings, if the program is traced and not forked;
                          not with the two above */
  bool check_leaks;    /* sanitizers look for leaks in processes that end; without tracing, they always do */
  bool learn_reports;  /* what sanitizers report in it is the program's own, and not reported of later runs */
  struct nomem__stop_watcher *stop_watcher;     /* NULL: none */
  struct nomem__signal_watcher *signal_watcher; /* NULL: what is caught does not count */

  nomem__worker_done done; /* called once, from the loop; for snapshots, once for each */
  void *user;
};

#endif
