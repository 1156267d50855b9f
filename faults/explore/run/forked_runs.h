/* SPDX-License-Identifier: MIT */
/* Runs that are made by forking a process of the program, rather than by starting it: a server, which stands before
 * main() and is forked once for each run, or a program that is forked at points on its way, which are its snapshots.
 * For worker.c and launch.c only.
 */
#ifndef NOMEM_FORKED_RUNS_H
#define NOMEM_FORKED_RUNS_H

#include "worker_state.h"

/* Has the server make a run, and starts it first if there is none. If it turns out that there can be none, the run is
 * made by starting the program. Returns 0 or a negative error code. */
int nomem__forked_runs_ask_server(struct nomem__worker *worker, const char *plan);

/* A run has damaged pages, or changed files, that it shares with the process that it was forked from: that one makes no
 * more of them. */
void nomem__forked_runs_give_up(struct nomem__worker *worker);

/* The run at a snapshot is over: lets the program go on to the next point. */
void nomem__forked_runs_continue(struct nomem__worker *worker);

#endif
