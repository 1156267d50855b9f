/* SPDX-License-Identifier: MIT */
/* Makes runs of the program under test, one at a time, each with a plan and with a channel of its own.
 *
 * Loop thread only. What a run has left is read before the next one is started.
 */
#ifndef NOMEM_WORKER_H
#define NOMEM_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "../../channel.h"
#include "../process/process_tree.h"
#include "run_request.h"
#include "run_setup.h"
#include "site_tables.h"

/* Returns 0 and the caller's object, or a negative error code. setup must outlive it. */
int nomem__worker_open(struct nomem__trees *trees, uv_loop_t *loop, const struct nomem__run_setup *setup,
                       struct nomem__worker **worker);

/* No run may be going on. */
void nomem__worker_close(struct nomem__worker *worker);

/* For as long as the worker is open: its runs begin with these tables, which must outlive it. */
void nomem__worker_use_tables(struct nomem__worker *worker, const struct nomem__site_tables *tables);

/* For as long as the worker is open: processes that are forked have what malloc gives them in huge pages, as far as the
 * kernel provides them, because a fork copies a table of its parent's pages. Has no effect on a C library that does not
 * support it. */
void nomem__worker_use_huge_pages(struct nomem__worker *worker);

/* Starts a run. Returns 0; or a negative error code, and then done is not called. */
int nomem__worker_start(struct nomem__worker *worker, const struct nomem__run_request *request);

/* Why the program cannot be forked before main(): a run with use_server was made by starting the program after all.
 * NOMEM_OBSTACLE_NONE: it can be, or no run has asked for it. */
enum nomem_obstacle nomem__worker_obstacle(const struct nomem__worker *worker);

/* Ends the process that is forked for runs with use_server, if there is one. The next such run starts another. */
void nomem__worker_stop_server(struct nomem__worker *worker);

/* A point to take a snapshot at. */
struct nomem__snapshot {
  uint64_t key, occurrence;
  uint64_t second; /* key of a site whose first call fails, too; 0: none */
  uint32_t rank;   /* the caller's, for outcome.rank */
  bool persistent;
};

/* The process that snapshots were taken of has ended. is_unsound: it has done something that its snapshots share. */
typedef void (*nomem__worker_ended)(struct nomem__worker *worker, const struct nomem__outcome *outcome, bool is_unsound,
                                    void *user);

struct nomem__snapshot_series {
  const struct nomem__snapshot *list; /* by key and occurrence; copied */
  size_t count;
  bool avoid_shared;                /* as in nomem_fork */
  uint64_t (*early_ms)(void *user); /* asked before each run, in place of the request's early_ms */
  nomem__worker_ended ended;
};

/* Runs the program once and forks it at each point of the series. done is called for each run, then ended is. The
 * tables that the worker uses must hold all the keys. The request's plan must be empty, and its timeout_ms is for each
 * run, and for the program between two of them. There is no run for a point that the program does not reach. Returns 0;
 * or a negative error code, and then neither is called. */
int nomem__worker_take_snapshots(struct nomem__worker *worker, const struct nomem__run_request *request,
                                 const struct nomem__snapshot_series *series);

/* The tables of the last run that was made with sites, copied for the caller, who frees all of it with one free().
 * NULL: out of memory. */
struct nomem__site_tables *nomem__worker_copy_tables(const struct nomem__worker *worker);

/* Whether a run was started and has not ended. */
bool nomem__worker_is_busy(const struct nomem__worker *worker);

/* Ends the run that goes on, if any; done is still called. */
void nomem__worker_cancel(struct nomem__worker *worker);

#endif
