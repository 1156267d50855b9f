/* SPDX-License-Identifier: MIT */
/* What one start of the program under test asks for. Every start says everything: nothing is kept of an earlier one. */
#ifndef NOMEM_RUN_REQUEST_H
#define NOMEM_RUN_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "../../channel.h"
#include "../process/stop_watcher.h"
#include "outcome.h"

struct nomem__worker;

typedef void (*nomem__worker_done)(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

/* All zero but for plan and done: an ordinary run without a time limit. The strings and the watcher stay the caller's;
 * the plan is copied, all else must outlive the run. */
struct nomem__run_request {
  const char *plan;    /* a valid one; "": no call fails */
  uint64_t timeout_ms; /* 0: none */
  uint64_t early_ms; /* the run is ended after so long already, and outcome.is_early says so; 0: not before its time */
  enum nomem_watch watch; /* how closely its blocks are watched; a block table needs a process that is not forked */

  bool use_server;      /* made by forking a process that stands before main(); see nomem__worker_obstacle */
  bool keep_files;      /* may see what earlier runs of the worker wrote, which is cheaper; without isolation it does */
  bool record_sites;    /* of every call, whatever the plan needs; without a fault this is done in any case */
  bool note_recoveries; /* sites that come only after a fault are noted in channel->recoveries, which costs a tenth of
                           the run or more; needs nomem__worker_know */
  bool watch_effects;   /* what it does besides computing is noted in outcome.end.effects */
  bool check_leaks;     /* sanitizers look for leaks when a process ends, which is traced no longer for that; without
                           tracing they do so in any case */
  bool learn_reports;   /* what sanitizers report in it is the program's own, and no finding of a later run */
  const char *created_path; /* who makes a file like the one at this path is noted in outcome.creator; NULL: nobody is
                            looked for. For a process that is traced and not forked */
  struct nomem__stop_watcher *stop_watcher; /* looks at its stops; NULL: nobody does */

  nomem__worker_done done; /* called once, from the loop; for snapshots, once for each */
  void *user;
};

#endif
