/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../text/memory.h"
#include "channel_copy.h"
#include "forked_runs.h"
#include "launch.h"

void nomem__worker_use_huge_pages(struct nomem__worker *worker) {
  nomem__environment_use_huge_pages(&worker->environment);
}

static void make_environment(struct nomem__worker *worker) {
  char channel[64];
  if (worker->sandbox != NULL)
    nomem__sandbox_path(worker->sandbox, channel, sizeof channel);
  else
    snprintf(channel, sizeof channel, "/proc/%d/fd/%d", (int)getpid(), worker->channel_fd);
  nomem__environment_make(&worker->environment, worker->setup, channel);
}

static int map_channel(struct nomem__worker *worker) {
  if (worker->setup->isolation == NULL) {
    worker->channel_fd = nomem__channel_file();
  } else {
    int result = nomem__sandbox_open(worker->setup->isolation, &worker->sandbox, &worker->channel_fd);
    if (result != 0) return result;
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, worker->scratch_socket) != 0) return -errno;
  }
  if (worker->channel_fd < 0) return worker->channel_fd;
  worker->copy = nomem__channel_copy_new();
  if (worker->copy == NULL) return -ENOMEM;
  int result = nomem__output_capture_open(&worker->capture);
  if (result != 0) return result;
  if (ftruncate(worker->channel_fd, sizeof(struct nomem_channel)) != 0) return -errno;
  void *pages = mmap(NULL, sizeof(struct nomem_channel), PROT_READ | PROT_WRITE, MAP_SHARED, worker->channel_fd, 0);
  if (pages == MAP_FAILED) return -errno;
  worker->channel = pages;
  worker->channel_bytes = sizeof *worker->channel;
  worker->is_dirty = true;
  return 0;
}

int nomem__worker_open(struct nomem__trees *trees, uv_loop_t *loop, const struct nomem__run_setup *setup,
                       struct nomem__worker **out) {
  struct nomem__worker *worker = nomem__calloc(1, sizeof *worker);
  *worker = (struct nomem__worker){.loop = loop,
                                   .trees = trees,
                                   .setup = setup,
                                   .channel_fd = -1,
                                   .capture = NOMEM_OUTPUT_CAPTURE_NONE,
                                   .scratch_socket = {-1, -1}};
  uv_timer_init(loop, &worker->timer);
  worker->timer.data = worker;
  int result = map_channel(worker);
  if (result == 0) make_environment(worker);
  if (result == 0) result = nomem__trees_add_keeper(trees, worker->sandbox, &worker->keeper);
  if (result != 0) {
    nomem__worker_close(worker);
    return result;
  }
  *out = worker;
  return 0;
}

static void free_worker(uv_handle_t *timer) {
  struct nomem__worker *worker = timer->data;
  free(worker->points);
  nomem__channel_copy_free(worker->copy);
  if (worker->channel != NULL) munmap(worker->channel, worker->channel_bytes);
  if (worker->channel_fd >= 0) close(worker->channel_fd);
  nomem__output_capture_close(&worker->capture);
  for (unsigned i = 0; i < 2; i++)
    if (worker->scratch_socket[i] >= 0) close(worker->scratch_socket[i]);
  nomem__environment_free(&worker->environment);
  free(worker);
}

void nomem__worker_close(struct nomem__worker *worker) {
  nomem__exit_records_clear(&worker->exit_records);
  nomem__written_files_free(&worker->written_files);
  nomem__openings_clear(&worker->openings);
  nomem__executed_programs_clear(&worker->executed);
  nomem__trees_remove_keeper(worker->trees, worker->keeper);
  nomem__sandbox_close(worker->sandbox);
  worker->sandbox = NULL;
  uv_close((uv_handle_t *)&worker->timer, free_worker);
}

int nomem__worker_start(struct nomem__worker *worker, const struct nomem__run_request *request) {
  nomem__launch_take_request(worker, request);
  bool can_fork = !worker->has_lost_server && !worker->needs_fresh_files;
  if (request->use_server && can_fork) return nomem__forked_runs_ask_server(worker, request->plan);
  int result = nomem__launch_prepare(worker, NOMEM_ENGINE_EXEC, request->plan);
  return result != 0 ? result : nomem__launch_run(worker);
}

void nomem__worker_stop_server(struct nomem__worker *worker) {
  worker->has_lost_server = false;
  if (worker->parent != NULL && !worker->takes_snapshots) nomem__tree_cancel(worker->parent);
}

enum nomem_obstacle nomem__worker_obstacle(const struct nomem__worker *worker) {
  return worker->obstacle;
}

struct nomem__site_tables *nomem__worker_copy_tables(const struct nomem__worker *worker) {
  return nomem__site_tables_copy(worker->copy);
}

void nomem__worker_use_tables(struct nomem__worker *worker, const struct nomem__site_tables *tables) {
  worker->used_tables = tables;
  if (!nomem__site_tables_are_in(tables, worker->channel)) worker->is_dirty = true;
}

bool nomem__worker_is_busy(const struct nomem__worker *worker) {
  return uv_is_active((const uv_handle_t *)&worker->timer);
}

void nomem__worker_cancel(struct nomem__worker *worker) {
  if (worker->run != NULL) nomem__tree_cancel(worker->run);
  if (worker->parent != NULL) nomem__tree_cancel(worker->parent);
}
