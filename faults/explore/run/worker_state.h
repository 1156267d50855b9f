/* SPDX-License-Identifier: MIT */
/* What a worker is made of: for worker.c, launch.c and forked_runs.c only. */
#ifndef NOMEM_WORKER_STATE_H
#define NOMEM_WORKER_STATE_H

#include "../residue/exit_records.h"
#include "environment.h"
#include "executed_programs.h"
#include "output_capture.h"
#include "run_clock.h"
#include "worker.h"

struct nomem__worker {
  uv_loop_t *loop;
  struct nomem__trees *trees;
  const struct nomem__run_setup *setup;
  struct nomem__environment environment;
  struct nomem__sandbox *sandbox; /* NULL: none */
  struct nomem__keeper *keeper;   /* of its runs */
  int scratch_socket[2];          /* [0] is for nomem__sandbox_receive_scratch, [1] for runs in the sandbox */
  const struct nomem__site_tables *used_tables; /* NULL: none */

  /* The channel, with its snapshot points behind it. All that a run tells is read from a copy: see channel_copy.h. */
  struct nomem_channel *channel;
  size_t channel_bytes;
  int channel_fd;
  bool is_dirty; /* the last run may have written anywhere in it */
  struct nomem_channel *copy;
  bool needs_sites; /* those of the run that goes on are copied, too */

  /* The run that goes on, or the last one. */
  struct nomem__run_request request; /* of the run, or of its snapshots; its plan is in the channel */
  struct nomem__tree *run;           /* NULL: there is none, or it has not been forked yet */
  uv_timer_t timer;                  /* checks the time and the output while a run goes on */
  uint64_t limit_ms;                 /* 0: none */
  uint64_t step_ms;                  /* until the timer looks again */
  struct nomem__run_clock clock;
  bool is_flooded;        /* it was ended because it has written too much */
  bool has_early_limit;   /* the limit that it exceeded was the early one */
  uint64_t last_fault;    /* the last call that had failed when the signal in end.caught came */
  bool needs_fresh_files; /* the view that its runs could share is not as it was any more */
  bool has_fresh_files;   /* it, or the process that it is forked from, has a view of the files of its own */
  struct nomem__output_capture capture;
  struct nomem__exit_records exit_records;
  struct nomem__written_files written_files;
  struct nomem__executed_programs executed; /* noted in runs without a fault */
  struct nomem__openings openings;
  struct nomem__stack creator; /* of the file at created_path; depth 0: none */
  struct nomem__outcome outcome;

  /* Forked runs: see forked_runs.h. */
  struct nomem__tree *parent; /* of the process that is forked; NULL: none */
  bool has_lost_server;       /* the server has ended by itself: runs are made by starting the program */
  enum nomem_obstacle obstacle;
  bool takes_snapshots; /* what follows is of these */
  bool is_unsound;
  struct nomem__snapshot *points; /* those in the channel may be overwritten by the program */
  size_t point_count;
  const struct nomem__snapshot *point; /* of the run that goes on */
  uint64_t (*next_early_ms)(void *user);
  nomem__worker_ended ended;
};

#endif
