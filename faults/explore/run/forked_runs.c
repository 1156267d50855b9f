/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "forked_runs.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../process/syscall_effects.h"
#include "../text/memory.h"
#include "channel_copy.h"
#include "launch.h"

/* The next run of the process that is forked gets its plan, and a channel without a report. */
static void clear_channel(struct nomem__worker *worker) {
  nomem__site_tables_clear_report(worker->channel);
  nomem__channel_copy_tell(worker->copy, worker->channel);
}

static void wake_parent(struct nomem__worker *worker) {
  worker->channel->fork.turn = ++worker->copy->fork.turn;
  syscall(SYS_futex, &worker->channel->fork.turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Of a snapshot: which point it is, and its early limit. False: the program has overwritten the channel. */
static bool take_point(struct nomem__worker *worker) {
  uint32_t point = worker->channel->fork.point; /* the child, which may write anything there, has not run yet */
  if (!worker->takes_snapshots) return true;
  if (point >= worker->point_count) return false;
  worker->point = &worker->points[point];
  worker->request.early_ms = worker->next_early_ms(worker->request.user);
  return true;
}

/* Returns whether a process that has stopped is the one that was forked for the run. */
static bool adopt_run(void *user, pid_t child) {
  struct nomem__worker *worker = user;
  if (worker->channel->fork.child != child || worker->run != NULL) return false;
  worker->channel->fork.child = 0;
  nomem__output_capture_keep(&worker->capture);
  nomem__launch_start_clock(worker);
  const struct nomem__tree_callbacks callbacks = nomem__launch_callbacks(worker, nomem__launch_run_done);
  if (take_point(worker) && nomem__tree_adopt(worker->parent, child, &callbacks, &worker->run) == 0) return true;
  worker->is_unsound = true; /* the parent would wait for the child for ever */
  nomem__tree_cancel(worker->parent);
  kill(child, SIGKILL);
  return true;
}

static int start_parent(struct nomem__worker *worker,
                        void (*done)(struct nomem__tree *tree, const struct nomem__end *end, void *user)) {
  struct nomem__tree_callbacks callbacks = nomem__launch_callbacks(worker, done);
  callbacks.adopts = adopt_run;
  callbacks.executed = nomem__launch_note_program;
  return nomem__launch_program(worker, &callbacks, &worker->parent);
}

static enum nomem_obstacle read_obstacle(const struct nomem__worker *worker) {
  uint32_t obstacle = worker->channel->fork.obstacle;
  return obstacle <= NOMEM_OBSTACLE_KERNEL ? (enum nomem_obstacle)obstacle : NOMEM_OBSTACLE_KERNEL;
}

/* A run that the server did not get to make is made by starting the program after all. */
static void server_done(struct nomem__tree *tree, const struct nomem__end *end, void *user) {
  struct nomem__worker *worker = user;
  (void)tree;
  bool was_asked = worker->run == NULL && nomem__worker_is_busy(worker);
  worker->parent = NULL;
  if (!end->was_cancelled) {
    worker->obstacle = read_obstacle(worker);
    worker->has_lost_server = true;
  }
  if (!was_asked) return;
  char plan[NOMEM_PLAN_BYTES];
  memcpy(plan, worker->copy->plan, sizeof plan);
  worker->is_dirty = true;
  if (end->was_cancelled || nomem__launch_prepare(worker, NOMEM_ENGINE_EXEC, plan) != 0 ||
      nomem__launch_run(worker) != 0)
    nomem__launch_run_done(NULL, end, worker);
}

static int start_server(struct nomem__worker *worker, const char *plan) {
  int result = nomem__launch_prepare(worker, NOMEM_ENGINE_SERVER, plan);
  if (result != 0) return result;
  worker->channel->fork.turn = worker->copy->fork.turn = 1;
  return start_parent(worker, server_done);
}

int nomem__forked_runs_ask_server(struct nomem__worker *worker, const char *plan) {
  if (worker->parent == NULL) return start_server(worker, plan);
  snprintf(worker->copy->plan, sizeof worker->copy->plan, "%s", plan);
  clear_channel(worker);
  int result = nomem__output_capture_rewind(&worker->capture);
  if (result != 0) return result;
  nomem__launch_start_clock(worker);
  wake_parent(worker);
  return 0;
}

void nomem__forked_runs_give_up(struct nomem__worker *worker) {
  if (worker->parent == NULL) return;
  worker->is_unsound = worker->has_lost_server = true;
  nomem__tree_cancel(worker->parent);
}

void nomem__forked_runs_continue(struct nomem__worker *worker) {
  clear_channel(worker);
  if (nomem__output_capture_rewind(&worker->capture) != 0) worker->is_unsound = true;
  nomem__launch_start_clock(worker);
  wake_parent(worker);
}

static void snapshots_done(struct nomem__tree *tree, const struct nomem__end *end, void *user) {
  struct nomem__worker *worker = user;
  (void)tree;
  uv_timer_stop(&worker->timer);
  worker->parent = NULL;
  worker->outcome = (struct nomem__outcome){.end = *end, .channel = worker->copy};
  worker->is_dirty = true;
  worker->is_unsound |= !nomem__channel_copy_report(worker->copy, worker->channel);
  worker->is_unsound |= (end->effects & (NOMEM_EFFECT_PROCESSES | NOMEM_EFFECT_PROGRAMS | NOMEM_EFFECT_THREADS)) != 0;
  nomem__launch_read_output(worker);
  if (worker->run != NULL) nomem__tree_cancel(worker->run);
  worker->ended(worker, &worker->outcome, worker->is_unsound, worker->request.user);
}

/* Makes room behind the channel for so many points. Its file can grow, but is sealed against shrinking. */
static int make_room(struct nomem__worker *worker, size_t count) {
  size_t bytes = sizeof *worker->channel + count * sizeof(struct nomem_snapshot_point);
  if (bytes <= worker->channel_bytes) return 0;
  if (ftruncate(worker->channel_fd, (off_t)bytes) != 0) return -errno;
  void *pages = mremap(worker->channel, worker->channel_bytes, bytes, MREMAP_MAYMOVE);
  if (pages == MAP_FAILED) return -errno;
  worker->channel = pages;
  worker->channel_bytes = bytes;
  return 0;
}

/* Keeps the points, and enters them into the channel, and for each site the range of its points. */
static int enter_points(struct nomem__worker *worker, const struct nomem__snapshot_series *series) {
  free(worker->points);
  worker->points = nomem__calloc(series->count, sizeof *worker->points);
  worker->point_count = series->count;
  memcpy(worker->points, series->list, series->count * sizeof *worker->points);
  struct nomem_site *site = NULL;
  for (uint32_t i = 0; i < series->count; i++) {
    const struct nomem__snapshot *point = &worker->points[i];
    worker->channel->points[i] = (struct nomem_snapshot_point){
        .occurrence = point->occurrence, .second = point->second, .persistent = point->persistent};
    if (i == 0 || point->key != point[-1].key) {
      const struct nomem_site *known = nomem__site_tables_find(worker->used_tables, point->key, NOMEM__ALL_DIGITS);
      if (known == NULL) return -ENOENT;
      site = &worker->channel->sites[known - worker->used_tables->sites];
      site->next_point = i;
    }
    site->end_point = i + 1;
  }
  worker->copy->fork.point_count = series->count;
  worker->copy->fork.avoid_shared = series->avoid_shared;
  nomem__channel_copy_tell(worker->copy, worker->channel);
  return 0;
}

int nomem__worker_take_snapshots(struct nomem__worker *worker, const struct nomem__run_request *request,
                                 const struct nomem__snapshot_series *series) {
  nomem__launch_take_request(worker, request);
  int result = make_room(worker, series->count);
  if (result == 0) result = nomem__launch_prepare(worker, NOMEM_ENGINE_SNAPSHOT, request->plan);
  if (result == 0) result = enter_points(worker, series);
  if (result != 0) return result;
  worker->takes_snapshots = true;
  worker->next_early_ms = series->early_ms;
  worker->ended = series->ended;
  return start_parent(worker, snapshots_done);
}
