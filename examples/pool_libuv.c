/* SPDX-License-Identifier: MIT */
/* Real libuv, living entirely in a bounded pool: a loop, a timer, a file request, work and wake-ups from other threads;
 * then the pool is filled up, libuv says UV_ENOMEM, and goes on when there is room again.
 *
 *   cc pool_libuv.c -lmempool -luv -pthread
 *
 *   pool_libuv          the one line that plugs the pool in is enough: its size is MEMPOOL_DEFAULT_BYTES
 *   pool_libuv BYTES    a pool of that size, made beforehand; 65536 are plenty
 *
 * Exit status: 0 when all went as it should and every byte came back, 1 otherwise. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include <nomem/mempool.h>

#define TICKS 5
#define JOBS 8

static uv_loop_t loop;
static unsigned ticks, jobs_done, wake_ups, stats_done;
static int trouble;

static void expect(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "pool_libuv: %s\n", what);
  trouble = 1;
}

static void print_pool(const char *when) {
  struct mempool_stats stats;
  mempool_stats(&stats);
  printf("%-12s %8zu of %zu bytes in %3zu blocks, %8zu at most, %zu requests failed, largest free %zu\n", when,
         stats.in_use_bytes, stats.capacity_bytes, stats.blocks, stats.high_water_bytes, stats.failed_requests,
         stats.largest_free);
  expect(mempool_check() == 0, "the pool is damaged");
}

static void on_tick(uv_timer_t *timer) {
  if (++ticks == TICKS) uv_close((uv_handle_t *)timer, NULL);
}

static void on_wake_up(uv_async_t *wake_up) {
  wake_ups++;
  uv_close((uv_handle_t *)wake_up, NULL);
}

static void on_stat(uv_fs_t *request) {
  expect(request->result == 0, "stat failed");
  expect(strcmp(request->path, "/") == 0, "the path was not kept");
  stats_done++;
  uv_fs_req_cleanup(request);
}

/* In a thread of libuv's: what it allocates is freed in the loop's thread. */
static void do_job(uv_work_t *job) {
  job->data = mempool_calloc(100, sizeof(unsigned));
}

static void after_job(uv_work_t *job, int status) {
  expect(status == 0 && job->data, "a job did not do its work");
  mempool_free(job->data);
  if (++jobs_done == JOBS) uv_async_send(job->loop->data);
}

static void run_everything(void) {
  static uv_timer_t timer;
  static uv_async_t wake_up;
  static uv_fs_t stat;
  static uv_work_t jobs[JOBS];
  loop.data = &wake_up;
  expect(uv_timer_init(&loop, &timer) == 0, "cannot make a timer");
  expect(uv_timer_start(&timer, on_tick, 1, 1) == 0, "cannot start the timer");
  expect(uv_async_init(&loop, &wake_up, on_wake_up) == 0, "cannot make a wake-up handle");
  expect(uv_fs_stat(&loop, &stat, "/", on_stat) == 0, "cannot ask for a file's status");
  for (int i = 0; i < JOBS; i++) expect(uv_queue_work(&loop, &jobs[i], do_job, after_job) == 0, "cannot queue work");
  print_pool("at work");
  expect(uv_run(&loop, UV_RUN_DEFAULT) == 0, "the loop has work left");
  expect(ticks == TICKS && jobs_done == JOBS && wake_ups == 1 && stats_done == 1, "something did not happen");
}

/* The filler is a chain through the blocks themselves: each takes the largest free block whole. */
static void fill_up_and_recover(void) {
  void **filler = NULL, **block;
  struct mempool_stats stats;
  mempool_stats(&stats);
  while (stats.largest_free > 0 && (block = mempool_malloc(stats.largest_free)) != NULL) {
    *block = filler;
    filler = block;
    mempool_stats(&stats);
  }
  uv_fs_t stat;
  expect(uv_fs_stat(&loop, &stat, "/", on_stat) == UV_ENOMEM, "a full pool should make libuv say UV_ENOMEM");
  print_pool("full");
  while (filler) {
    block = *filler;
    mempool_free(filler);
    filler = block;
  }
  expect(uv_fs_stat(&loop, &stat, "/", on_stat) == 0, "cannot go on after the pool was full");
  expect(uv_run(&loop, UV_RUN_DEFAULT) == 0, "the loop has work left");
  expect(stats_done == 2, "the request after recovery did not happen");
}

int main(int argc, char **argv) {
  if (argc > 1) expect(mempool_init(NULL, strtoul(argv[1], NULL, 10)) == 0, "cannot make the pool");
  expect(uv_replace_allocator(mempool_malloc, mempool_realloc, mempool_calloc, mempool_free) == 0,
         "cannot replace the allocator");
  if (trouble || uv_loop_init(&loop)) return 1;
  run_everything();
  fill_up_and_recover();
  expect(uv_loop_close(&loop) == 0, "the loop is still in use");
  uv_library_shutdown();
  print_pool("at the end");
  expect(mempool_destroy() == 0, "libuv did not give everything back");
  return trouble;
}
