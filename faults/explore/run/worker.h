/* SPDX-License-Identifier: MIT */
/* Runs the program under test, one run at a time, each with a plan and a channel of its own.
 *
 * Loop thread only. What a run left is read before the next one is started.
 */
#ifndef NOMEM_WORKER_H
#define NOMEM_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "../../channel.h"
#include "../process/process_tree.h"
#include "outcome.h"
#include "run_setup.h"
#include "site_tables.h"

struct nomem__worker;

typedef void (*nomem__worker_done)(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

/* Returns 0 and the caller's object, or a negative error code. */
int nomem__worker_open(struct nomem__trees *trees, uv_loop_t *loop, const struct nomem__run_setup *setup,
                       struct nomem__worker **worker);

/* No run may be going on. */
void nomem__worker_close(struct nomem__worker *worker);

/* Starts a run with this plan, which must be valid; timeout_ms 0: none. done is called once, from the loop. Returns 0
 * or a negative error code, and then done is not called. */
int nomem__worker_start(struct nomem__worker *worker, const char *plan, uint64_t timeout_ms, nomem__worker_done done,
                        void *user);

/* Notes what the next runs do besides computing, in outcome.end.effects. */
void nomem__worker_watch_effects(struct nomem__worker *worker, bool watch);

/* Notes of the next runs who makes a file like the one at this path, which stays the caller's, in outcome.maker. NULL:
 * no longer. For programs that are started for each run, and traced. */
void nomem__worker_watch_making(struct nomem__worker *worker, const char *path);

/* How closely the blocks of the next runs are watched; NOMEM_WATCH_BLOCK_TABLE only for programs that are started for
 * each run. At first NOMEM_WATCH_NONE. */
void nomem__worker_watch_blocks(struct nomem__worker *worker, enum nomem_watch watch);

/* Has the sanitizers in the next runs, which are started for each, look for leaks: of processes that they end traced no
 * longer for that. At first only where nothing is traced. */
void nomem__worker_check_leaks(struct nomem__worker *worker, bool check);

/* Whether the next runs find files as they are outside, and nothing of earlier runs (at first: so), or may see what
 * earlier ones of this worker wrote, which is cheaper. Without isolation all of them may. */
void nomem__worker_refresh_files(struct nomem__worker *worker, bool refresh);

/* Makes the next runs by forking a process that stands before main(), or, with false, no longer. Where that cannot be,
 * a run is made by starting the program all the same, and nomem__worker_obstacle says why. */
void nomem__worker_use_server(struct nomem__worker *worker, bool use);
enum nomem_obstacle nomem__worker_obstacle(const struct nomem__worker *worker);

/* Has processes that are forked keep what malloc gives them in huge pages, as far as the kernel likes: a fork copies a
 * table of its parent's pages. Of a C library that does not know of it, nothing changes. Returns 0 or -ENOMEM. */
int nomem__worker_use_huge_pages(struct nomem__worker *worker);

/* A point to take a snapshot at. rank is the caller's. */
struct nomem__snapshot {
  uint64_t key, occurrence;
  uint64_t second; /* key of a site whose first call fails, too; 0: none */
  uint32_t rank;
  bool persistent;
};

/* The process that snapshots were taken of has ended. is_unsound: it did something that its snapshots share. */
typedef void (*nomem__worker_ended)(struct nomem__worker *worker, const struct nomem__outcome *outcome, bool is_unsound,
                                    void *user);

/* Runs the program once and forks it at each of these points, ordered by key and occurrence; done is called for each
 * run, then ended. The tables that the worker knows must hold all the keys. timeout_ms is for each run, and for the
 * program between two of them. look_out: as in nomem_fork. Points that the program does not come to have no run.
 * Returns 0 or a negative error code, and then neither is called. */
int nomem__worker_snapshot(struct nomem__worker *worker, const struct nomem__snapshot *snapshots, size_t count,
                           bool look_out, uint64_t timeout_ms, nomem__worker_done done, nomem__worker_ended ended,
                           void *user);

/* The caller's copy, which one free() frees; NULL: out of memory. */
struct nomem__site_tables *nomem__worker_tables(const struct nomem__worker *worker);

/* Has the next runs begin with these tables, which must outlive them, and where the setup has it so, note which sites
 * they come to only after a fault: channel->recoveries. */
void nomem__worker_know(struct nomem__worker *worker, const struct nomem__site_tables *known);

/* Has the next runs ended after so long, which is less than their time, and says so in outcome.is_early. 0: after their
 * time, as at first. */
void nomem__worker_end_early(struct nomem__worker *worker, uint64_t early_ms);

/* Whether a run was started and has not ended. */
bool nomem__worker_is_busy(const struct nomem__worker *worker);

/* Ends the run that is going on, if any; done is still called. */
void nomem__worker_cancel(struct nomem__worker *worker);

#endif
