/* SPDX-License-Identifier: MIT */
/* libuv's pool of threads: work that trusts its memory, and files read there. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define JOBS 4
static char *copies[JOBS];

static __attribute__((noinline)) void planted(long number) {
  char *copy = malloc(100 + (size_t)number); /* fault */
  memset(copy, 'x', 10);                     /* blow-up */
  copies[number] = copy;
}
static void work(uv_work_t *request) {
  free(malloc(64));
  planted((long)request->data);
}
static void done(uv_work_t *request, int status) {
  (void)status;
  free(copies[(long)request->data]);
  free(request);
}
static void opened(uv_fs_t *request) {
  if (request->result >= 0) {
    uv_fs_t close_request;
    uv_fs_close(NULL, &close_request, (uv_file)request->result, NULL);
    uv_fs_req_cleanup(&close_request);
  }
  uv_fs_req_cleanup(request);
  free(request);
}
static int start_work(uv_loop_t *loop, long number) {
  uv_work_t *request = malloc(sizeof *request);
  if (request == NULL) return -1;
  request->data = (void *)number;
  int result = uv_queue_work(loop, request, work, done);
  if (result != 0) free(request);
  return result;
}
static int start_open(uv_loop_t *loop) {
  uv_fs_t *request = malloc(sizeof *request);
  if (request == NULL) return -1;
  int result = uv_fs_open(loop, request, "/etc/passwd", O_RDONLY, 0, opened);
  if (result != 0) free(request);
  return result;
}
int main(void) {
  uv_loop_t loop;
  if (uv_loop_init(&loop) != 0) return 1;
  int failed = 0;
  for (long i = 0; i < JOBS && !failed; i++) failed = start_work(&loop, i) != 0 || start_open(&loop) != 0;
  uv_run(&loop, UV_RUN_DEFAULT);
  return uv_loop_close(&loop) != 0 || failed;
}
