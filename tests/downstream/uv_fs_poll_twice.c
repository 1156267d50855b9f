/* SPDX-License-Identifier: MIT */
/* A defect of libuv, with all the memory it wants: a uv_fs_poll that is stopped while its first stat is on its way, and
 * started again, polls twice; the timer of the first poll asserts that there is only one. docs/found.md names it.
 *
 *   cc -o /tmp/twice tests/downstream/uv_fs_poll_twice.c -luv && /tmp/twice
 */
#include <unistd.h>
#include <uv.h>

enum { POOL_THREADS = 4, BUSY_US = 50 * 1000, TURNS = 30, TURN_US = 10 * 1000 };

static void keep_busy(uv_work_t *work) {
  (void)work;
  usleep(BUSY_US);
}

static void on_busy(uv_work_t *work, int status) {
  (void)work;
  (void)status;
}

static void on_poll(uv_fs_poll_t *poll, int status, const uv_stat_t *before, const uv_stat_t *after) {
  (void)poll;
  (void)status;
  (void)before;
  (void)after;
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  uv_work_t work[POOL_THREADS];
  uv_fs_poll_t poll;
  for (int i = 0; i < POOL_THREADS; i++) uv_queue_work(loop, &work[i], keep_busy, on_busy);
  uv_fs_poll_init(loop, &poll);
  uv_fs_poll_start(&poll, on_poll, "/tmp", 1);
  uv_fs_poll_stop(&poll);
  uv_fs_poll_start(&poll, on_poll, "/tmp", 1);
  for (int i = 0; i < TURNS; i++) {
    uv_run(loop, UV_RUN_NOWAIT);
    usleep(TURN_US);
  }
  uv_close((uv_handle_t *)&poll, NULL);
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) != 0;
}
