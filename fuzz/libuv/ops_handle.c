/* SPDX-License-Identifier: MIT */
/* What handles, requests and loops say of themselves, and the timer, whose every call is about that. */
#include <string.h>
#include <sys/types.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { LINES_MAX = 64, LONG_MS = 1000 * 1000 };

static void on_async(uv_async_t *async) {
  (void)async;
}

/* Every kind of handle that can be initialised without a descriptor of the caller's. */
static int init_handle(union uv_any_handle *handle, uv_handle_type type) {
  switch (type) {
    case UV_ASYNC:
      return uv_async_init(&world_loop, &handle->async, on_async);
    case UV_CHECK:
      return uv_check_init(&world_loop, &handle->check);
    case UV_FS_EVENT:
      return uv_fs_event_init(&world_loop, &handle->fs_event);
    case UV_FS_POLL:
      return uv_fs_poll_init(&world_loop, &handle->fs_poll);
    case UV_IDLE:
      return uv_idle_init(&world_loop, &handle->idle);
    case UV_NAMED_PIPE:
      return uv_pipe_init(&world_loop, &handle->pipe, 0);
    case UV_PREPARE:
      return uv_prepare_init(&world_loop, &handle->prepare);
    case UV_SIGNAL:
      return uv_signal_init(&world_loop, &handle->signal);
    case UV_TCP:
      return uv_tcp_init(&world_loop, &handle->tcp);
    case UV_TIMER:
      return uv_timer_init(&world_loop, &handle->timer);
    case UV_UDP:
      return uv_udp_init(&world_loop, &handle->udp);
    default:
      return UV_EINVAL;
  }
}

static void check_reference(uv_handle_t *handle) {
  CHECK(uv_has_ref(handle), "a new handle has no reference");
  uv_unref(handle);
  uv_unref(handle);
  CHECK(!uv_has_ref(handle), "a handle has a reference after uv_unref");
  uv_ref(handle);
  uv_ref(handle);
  CHECK(uv_has_ref(handle), "a handle has no reference after uv_ref");
}

static void check_handle(uv_handle_t *handle, uv_handle_type type) {
  uv_os_fd_t file;
  CHECK(uv_handle_get_type(handle) == type, "a handle of type %d says that it has type %d", (int)type,
        (int)uv_handle_get_type(handle));
  CHECK(uv_handle_size(type) > 0 && uv_handle_size(type) <= sizeof(union uv_any_handle), "uv_handle_size(%d) is %zu",
        (int)type, uv_handle_size(type));
  CHECK(uv_handle_type_name(type) != NULL, "type %d has no name", (int)type);
  CHECK(uv_handle_get_loop(handle) == &world_loop, "a handle belongs to another loop than it was initialised in");
  uv_handle_set_data(handle, &file);
  CHECK(uv_handle_get_data(handle) == &file, "uv_handle_get_data gives other data than were set");
  CHECK(type == UV_ASYNC || !uv_is_active(handle), "a handle of type %d is active before it is started", (int)type);
  CHECK(!uv_is_closing(handle), "a handle of type %d is closing before uv_close", (int)type);
  CHECK(uv_fileno(handle, &file) < 0, "a handle of type %d has a descriptor before it is opened", (int)type);
}

static int use_handle(void *argument) {
  union uv_any_handle handle;
  uv_handle_type type = *(uv_handle_type *)argument;
  int result = init_handle(&handle, type);
  if (result) return result;
  check_handle(&handle.handle, type);
  check_reference(&handle.handle);
  world_close(&handle);
  return 0;
}

/* Step: the type. */
void op_handle(struct fuzz_step step) {
  static const uv_handle_type types[] = {UV_ASYNC,      UV_CHECK,   UV_FS_EVENT, UV_FS_POLL, UV_IDLE, UV_TIMER,
                                         UV_NAMED_PIPE, UV_PREPARE, UV_SIGNAL,   UV_TCP,     UV_UDP};
  uv_handle_type type = types[step.a % (sizeof types / sizeof types[0])];
  world_try("a handle that is only asked", use_handle, &type, 0);
}

void op_request(struct fuzz_step step) {
  uv_req_type type = (uv_req_type)(UV_REQ + step.a % (UV_REQ_TYPE_MAX - UV_REQ));
  union uv_any_req request = {.req = {.type = type}};
  CHECK(uv_req_size(type) > 0 && uv_req_size(type) <= sizeof request, "uv_req_size(%d) is %zu", (int)type,
        uv_req_size(type));
  CHECK(uv_req_type_name(type) != NULL && uv_req_get_type(&request.req) == type, "a request of type %d says %d",
        (int)type, (int)uv_req_get_type(&request.req));
  uv_req_set_data(&request.req, &type);
  CHECK(uv_req_get_data(&request.req) == &type, "uv_req_get_data gives other data than were set");
  CHECK(uv_req_size(UV_REQ_TYPE_MAX) == (size_t)-1 && uv_handle_size(UV_HANDLE_TYPE_MAX) == (size_t)-1,
        "a type that is none has a size");
  CHECK(!uv_req_type_name(UV_REQ_TYPE_MAX) && !uv_handle_type_name(UV_HANDLE_TYPE_MAX),
        "a type that is none has a name");
}

struct timer {
  unsigned calls, stop_after;
};

static void on_timer(uv_timer_t *handle) {
  struct timer *timer = handle->data;
  if (++timer->calls < timer->stop_after) return;
  uv_timer_stop(handle);
  uv_stop(handle->loop);
}

static void check_timer(uv_timer_t *handle, struct timer *timer) {
  CHECK(uv_timer_again(handle) == UV_EINVAL, "uv_timer_again works for a timer that was never started");
  CHECK(uv_timer_start(handle, NULL, 0, 0) == UV_EINVAL, "a timer starts without a callback");
  CHECK(uv_timer_start(handle, on_timer, LONG_MS, LONG_MS) == 0, "uv_timer_start failed");
  uint64_t due_ms = uv_timer_get_due_in(handle);
  CHECK(due_ms > 0 && due_ms <= LONG_MS, "a timer of %u ms is due in %u", (unsigned)LONG_MS, (unsigned)due_ms);
  CHECK(uv_timer_get_repeat(handle) == LONG_MS, "uv_timer_get_repeat is another than was set");
  uv_timer_set_repeat(handle, 1);
  CHECK(uv_timer_again(handle) == 0 && uv_timer_get_due_in(handle) <= 1, "uv_timer_again keeps the old time");
  while (timer->calls < timer->stop_after) uv_run(&world_loop, UV_RUN_ONCE);
  CHECK(timer->calls == timer->stop_after, "a stopped timer called back");
  CHECK(uv_timer_get_due_in(handle) == 0 || !uv_is_active((uv_handle_t *)handle), "a stopped timer is due");
}

static int use_timer(void *argument) {
  struct timer timer = {.stop_after = *(unsigned *)argument};
  uv_timer_t handle;
  int result = uv_timer_init(&world_loop, &handle);
  if (result) return result;
  handle.data = &timer;
  check_timer(&handle, &timer);
  world_close(&handle);
  return 0;
}

/* Step: how often it is due. Several timers make the loop's heap reorder itself: see op_timers. */
void op_timer(struct fuzz_step step) {
  unsigned calls = 1 + step.a % 3;
  world_try("a timer", use_timer, &calls, 0);
}

enum { TIMERS = 12, IDLE_TRIES = 500 };

static void on_nothing(uv_timer_t *timer) {
  (void)timer;
}

/* Step: bytes that decide in which order they are due, and which are stopped first. */
void op_timers(struct fuzz_step step) {
  uv_timer_t timers[TIMERS];
  unsigned order = (unsigned)step.a << 16 | (unsigned)step.b << 8 | step.c;
  for (unsigned i = 0; i < TIMERS; i++) {
    uv_timer_init(&world_loop, &timers[i]);
    order = order * 1103515245 + 12345;
    int result = uv_timer_start(&timers[i], on_nothing, LONG_MS + order / 65536 % 64, 0);
    CHECK(result == 0, "uv_timer_start returned %s", uv_err_name(result));
  }
  int wait_ms = uv_backend_timeout(&world_loop);
  CHECK(wait_ms >= 0, "with timers the loop waits for ever");
  for (unsigned i = 0; i < TIMERS; i++) uv_timer_stop(&timers[(step.a + i * 5) % TIMERS]);
  for (unsigned i = 0; i < TIMERS; i++) world_close(&timers[i]);
}

static unsigned count_lines(FILE *file) {
  char line[256];
  unsigned count = 0;
  rewind(file);
  while (count < LINES_MAX && fgets(line, sizeof line, file)) count++;
  return count;
}

static void count_handle(uv_handle_t *handle, void *argument) {
  (void)handle;
  ++*(unsigned *)argument;
}

static void check_printed(void (*print)(uv_loop_t *, FILE *), unsigned least, unsigned most) {
  FILE *file = tmpfile();
  CHECK(file, "the target has no temporary file");
  print(&world_loop, file);
  unsigned lines = count_lines(file);
  CHECK(lines >= least && lines <= most, "%u to %u handles were to be printed, %u were", least, most, lines);
  fclose(file);
}

/* What can be asked of a loop, and set. */
void op_loop(struct fuzz_step step) {
  uv_loop_t *loop = &world_loop;
  unsigned handles = 0;
  (void)step;
  uv_loop_set_data(loop, &handles);
  CHECK(uv_loop_get_data(loop) == &handles && uv_loop_size() == sizeof *loop, "a loop says other things than it is");
  CHECK(uv_backend_fd(loop) >= 0, "a loop has no descriptor to poll");
  uv_update_time(loop);
  CHECK(uv_now(loop) <= uv_hrtime() / 1000000 + 1, "the loop's time is ahead of the clock's");
  uv_walk(loop, count_handle, &handles);
  check_printed(uv_print_all_handles, handles, LINES_MAX); /* with those of the loop itself */
  check_printed(uv_print_active_handles, 0, LINES_MAX);
  CHECK(uv_loop_close(loop) == UV_EBUSY, "a loop with handles can be closed");
  uv_stop(loop);
  int alive = uv_loop_alive(loop);
  CHECK((uv_run(loop, UV_RUN_NOWAIT) != 0) == (alive != 0) || !alive, "a loop that was stopped is not alive any more");
}

static int configure(void *argument) {
  bool blocks = *(bool *)argument;
  uv_loop_t loop;
  int result = uv_loop_init(&loop);
  if (result) return result;
  result =
      blocks ? uv_loop_configure(&loop, UV_LOOP_BLOCK_SIGNAL, SIGPROF) : uv_loop_configure(&loop, UV_METRICS_IDLE_TIME);
  CHECK(result == 0, "uv_loop_configure returned %s", uv_err_name(result));
  CHECK(uv_loop_configure(&loop, UV_LOOP_BLOCK_SIGNAL, SIGWINCH) == UV_EINVAL, "any signal can be blocked");
  CHECK(uv_loop_configure(&loop, (uv_loop_option)77) == UV_ENOSYS, "an option that is none can be configured");
  uv_timer_t timer;
  uv_timer_init(&loop, &timer);
  /* On a busy machine a timer may be due before the loop has come to wait for it. */
  for (unsigned i = 0; i < IDLE_TRIES && uv_metrics_idle_time(&loop) == 0 && (i == 0 || !blocks); i++) {
    uv_timer_start(&timer, on_nothing, 1, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
  }
  CHECK(blocks == (uv_metrics_idle_time(&loop) == 0), "a loop counts how long it is idle when it was %s asked to",
        blocks ? "not" : "");
  uv_close((uv_handle_t *)&timer, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  result = uv_loop_close(&loop);
  CHECK(result == 0, "uv_loop_close of a configured loop returned %s", uv_err_name(result));
  return 0;
}

void op_configure(struct fuzz_step step) {
  bool blocks = step.a & 1;
  world_try("uv_loop_configure", configure, &blocks, 0);
}

static int use_default(void *unused) {
  uv_timer_t timer;
  (void)unused;
  uv_loop_t *loop = uv_default_loop();
  if (!loop) return UV_ENOMEM;
  CHECK(uv_default_loop() == loop, "there are two default loops");
  uv_timer_init(loop, &timer);
  uv_timer_start(&timer, on_nothing, 0, 0);
  uv_run(loop, UV_RUN_DEFAULT);
  uv_close((uv_handle_t *)&timer, NULL);
  uv_run(loop, UV_RUN_DEFAULT);
  int result = uv_loop_close(loop);
  CHECK(result == 0, "uv_loop_close of the default loop returned %s", uv_err_name(result));
  return 0;
}

/* Closed, so that the next step finds none and makes another. */
void op_default_loop(struct fuzz_step step) {
  (void)step;
  world_try("uv_default_loop", use_default, NULL, 0);
}
