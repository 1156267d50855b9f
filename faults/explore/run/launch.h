/* SPDX-License-Identifier: MIT */
/* How a worker starts the program and follows one run of it to its end: for worker.c and forked_runs.c only. */
#ifndef NOMEM_LAUNCH_H
#define NOMEM_LAUNCH_H

#include "worker_state.h"

/* Takes over what the next run asks for, except for the plan. */
void nomem__launch_take_request(struct nomem__worker *worker, const struct nomem__run_request *request);

/* Prepares the channel and the output for a program that will be started by this engine with this plan. Returns 0 or a
 * negative error code. */
int nomem__launch_prepare(struct nomem__worker *worker, enum nomem_engine engine, const char *plan);

/* Starts the program for which the channel was prepared, and the clock. Returns 0 and its tree in *tree, or a negative
 * error code. */
int nomem__launch_program(struct nomem__worker *worker, const struct nomem__tree_callbacks *callbacks,
                          struct nomem__tree **tree);

/* Starts the program for one run, for which the channel was prepared. Returns 0 or a negative error code. */
int nomem__launch_run(struct nomem__worker *worker);

/* Begins to measure the time of a run. */
void nomem__launch_start_clock(struct nomem__worker *worker);

/* Reads what the run, or the process that is forked for runs, has written, into the outcome. */
void nomem__launch_read_output(struct nomem__worker *worker);

/* Notes a program that a process of the run has executed. Returns whether an injected one did that: its memory is gone,
 * and forks of it are of no use. What a launcher executes is what it is there for. */
bool nomem__launch_note_program(void *user, pid_t pid);

/* What all trees of a worker call; done is called at the end of this one. */
struct nomem__tree_callbacks nomem__launch_callbacks(struct nomem__worker *worker,
                                                     void (*done)(struct nomem__tree *tree,
                                                                  const struct nomem__end *end, void *user));

/* The run that goes on has ended; the worker is the user. */
void nomem__launch_run_done(struct nomem__tree *tree, const struct nomem__end *end, void *user);

#endif
