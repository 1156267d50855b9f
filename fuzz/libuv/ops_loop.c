/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <string.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { SLOTS = 8, TURNS_MAX = 4 };

/* uv_fs_poll_start's interval: longer than any input, because what is due would depend on the clock. */
enum { NEVER_MS = 1000 * 1000 };

enum kind { TIMER, IDLE, PREPARE, CHECKER, ASYNC, SIGNAL, FS_EVENT, FS_POLL, PIPE, UDP, KINDS };

/* Allocated anew for each handle, so that the sanitizer notices when libuv uses one that was closed. */
struct slot {
  union uv_any_handle handle;
  enum kind kind;
};

static struct slot *slots[SLOTS];
static unsigned open_slots; /* including those that are being closed */

static void on_timer(uv_timer_t *handle) {
  (void)handle;
}
static void on_idle(uv_idle_t *handle) {
  (void)handle;
}
static void on_prepare(uv_prepare_t *handle) {
  (void)handle;
}
static void on_check(uv_check_t *handle) {
  (void)handle;
}
static void on_async(uv_async_t *handle) {
  (void)handle;
}

static void on_signal(uv_signal_t *handle, int number) {
  (void)handle;
  (void)number;
}

static void on_event(uv_fs_event_t *handle, const char *name, int events, int status) {
  (void)handle;
  (void)name;
  (void)events;
  CHECK(status == 0, "a watched directory reports %s", uv_err_name(status));
}

static void on_poll(uv_fs_poll_t *handle, int status, const uv_stat_t *before, const uv_stat_t *after) {
  (void)handle;
  (void)status;
  (void)before;
  (void)after;
}

static void on_datagram(uv_udp_t *handle, ssize_t bytes, const uv_buf_t *buffer, const struct sockaddr *from,
                        unsigned flags) {
  (void)handle;
  (void)bytes;
  (void)buffer;
  (void)from;
  (void)flags;
}

static void on_alloc(uv_handle_t *handle, size_t bytes, uv_buf_t *buffer) {
  static char space[64];
  (void)handle;
  (void)bytes;
  *buffer = uv_buf_init(space, sizeof space);
}

static int init(void *argument) {
  struct slot *slot = argument;
  union uv_any_handle *handle = &slot->handle;
  switch (slot->kind) {
    case TIMER:
      return uv_timer_init(&world_loop, &handle->timer);
    case IDLE:
      return uv_idle_init(&world_loop, &handle->idle);
    case PREPARE:
      return uv_prepare_init(&world_loop, &handle->prepare);
    case CHECKER:
      return uv_check_init(&world_loop, &handle->check);
    case ASYNC:
      return uv_async_init(&world_loop, &handle->async, on_async);
    case SIGNAL:
      return uv_signal_init(&world_loop, &handle->signal);
    case FS_EVENT:
      return uv_fs_event_init(&world_loop, &handle->fs_event);
    case FS_POLL:
      return uv_fs_poll_init(&world_loop, &handle->fs_poll);
    case PIPE:
      return uv_pipe_init(&world_loop, &handle->pipe, 0);
    default:
      return uv_udp_init(&world_loop, &handle->udp);
  }
}

void op_slot_init(struct fuzz_step step) {
  struct slot **slot = &slots[step.a % SLOTS];
  if (*slot) return;
  *slot = calloc(1, sizeof **slot);
  CHECK(*slot, "the target itself is out of memory");
  (*slot)->kind = step.b % KINDS;
  world_try("the init of a handle", init, *slot, 0);
  open_slots++;
}

struct start {
  struct slot *slot;
  struct fuzz_step step;
};

static int bind_pipe(uv_pipe_t *pipe, unsigned number) {
  static const char *const names[SLOTS] = {"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"};
  char path[WORLD_PATH_BYTES];
  world_path(path, names[number]);
  return uv_pipe_bind(pipe, path);
}

static int start(void *argument) {
  struct start *what = argument;
  union uv_any_handle *handle = &what->slot->handle;
  struct sockaddr_in any;
  char path[WORLD_PATH_BYTES];
  static const char *const watched[] = {"", "d", "f", "none"};
  unsigned choice = what->step.b % 4;
  world_path(path, watched[what->slot->kind == FS_EVENT ? choice % 3 : choice]);
  switch (what->slot->kind) {
    case TIMER:
      return uv_timer_start(&handle->timer, on_timer, 0, what->step.b & 1);
    case IDLE:
      return uv_idle_start(&handle->idle, on_idle);
    case PREPARE:
      return uv_prepare_start(&handle->prepare, on_prepare);
    case CHECKER:
      return uv_check_start(&handle->check, on_check);
    case ASYNC:
      return uv_async_send(&handle->async);
    case SIGNAL:
      return uv_signal_start(&handle->signal, on_signal, choice & 1 ? SIGUSR2 : SIGWINCH);
    case FS_EVENT:
      return uv_fs_event_start(&handle->fs_event, on_event, path, 0);
    case FS_POLL:
      return uv_fs_poll_start(&handle->fs_poll, on_poll, path, NEVER_MS);
    case PIPE:
      return bind_pipe(&handle->pipe, what->step.a % SLOTS);
    default:
      uv_ip4_addr("127.0.0.1", 0, &any);
      int result = uv_udp_bind(&handle->udp, (struct sockaddr *)&any, 0);
      return result ? result : uv_udp_recv_start(&handle->udp, on_alloc, on_datagram);
  }
}

static int wanted_of_start(struct slot *slot) {
  uv_os_fd_t file;
  uv_handle_t *handle = &slot->handle.handle;
  if (slot->kind == FS_EVENT && uv_is_active(handle)) return UV_EINVAL;
  if ((slot->kind == PIPE || slot->kind == UDP) && uv_fileno(handle, &file) == 0) return UV_EINVAL; /* bound */
  return 0;
}

void op_slot_start(struct fuzz_step step) {
  struct start what = {slots[step.a % SLOTS], step};
  if (what.slot) world_try("the start of a handle", start, &what, wanted_of_start(what.slot));
}

void op_slot_stop(struct fuzz_step step) {
  struct slot *slot = slots[step.a % SLOTS];
  int result = 0;
  if (!slot) return;
  switch (slot->kind) {
    case TIMER:
      result = uv_timer_stop(&slot->handle.timer);
      break;
    case IDLE:
      result = uv_idle_stop(&slot->handle.idle);
      break;
    case PREPARE:
      result = uv_prepare_stop(&slot->handle.prepare);
      break;
    case CHECKER:
      result = uv_check_stop(&slot->handle.check);
      break;
    case SIGNAL:
      result = uv_signal_stop(&slot->handle.signal);
      break;
    case FS_EVENT:
      result = uv_fs_event_stop(&slot->handle.fs_event);
      break;
    case FS_POLL:
      world_settle(); /* stopped during a stat and started again, it would poll twice, and could never be closed */
      result = uv_fs_poll_stop(&slot->handle.fs_poll);
      break;
    default:
      break;
  }
  CHECK(result == 0, "the stop of a handle returned %s", uv_err_name(result));
}

static void on_close(uv_handle_t *handle) {
  free(handle->data);
  open_slots--;
}

static void close_slot(unsigned i) {
  if (!slots[i]) return;
  slots[i]->handle.handle.data = slots[i];
  uv_close(&slots[i]->handle.handle, on_close);
  slots[i] = NULL;
}

void op_slot_close(struct fuzz_step step) {
  close_slot(step.a % SLOTS);
}

void ops_close_slots(void) {
  for (unsigned i = 0; i < SLOTS; i++) close_slot(i);
}

void op_run(struct fuzz_step step) {
  for (unsigned i = 0; i <= step.a % TURNS_MAX; i++) uv_run(&world_loop, UV_RUN_NOWAIT);
}

static void count_handle(uv_handle_t *handle, void *argument) {
  (void)handle;
  ++*(unsigned *)argument;
}

/* Notices a handle in the list that the user has never initialised, or that is freed. */
void op_walk(struct fuzz_step step) {
  unsigned walked = 0, guards = 1;
  (void)step;
  uv_walk(&world_loop, count_handle, &walked);
  CHECK(walked == open_slots + guards, "the loop has %u handles, %u were initialised", walked, open_slots + guards);
}

struct extra {
  bool on_heap, forks, watches;
};

static int use_loop(uv_loop_t *loop, const struct extra *extra) {
  uv_fs_event_t watch;
  uv_async_t async;
  char path[WORLD_PATH_BYTES];
  world_path(path, "d");
  uv_fs_event_init(loop, &watch);
  int result = uv_async_init(loop, &async, on_async);
  CHECK(result == 0, "uv_async_init returned %s", uv_err_name(result));
  if (extra->watches) result = uv_fs_event_start(&watch, on_event, path, 0);
  if (result == 0 && extra->forks) result = uv_loop_fork(loop);
  if (result == 0) result = uv_async_send(&async);
  uv_close((uv_handle_t *)&watch, NULL);
  uv_close((uv_handle_t *)&async, NULL);
  for (unsigned i = 0; i < TURNS_MAX; i++) uv_run(loop, UV_RUN_NOWAIT);
  return result;
}

static int extra_loop(void *argument) {
  const struct extra *extra = argument;
  uv_loop_t local, *loop = &local;
  int result = 0;
  if (extra->on_heap)
    loop = uv_loop_new();
  else
    result = uv_loop_init(loop);
  if (!loop) return UV_ENOMEM;
  if (result) return result;
  result = use_loop(loop, extra);
  if (extra->on_heap) {
    uv_loop_delete(loop); /* closes it, and asserts that this succeeds */
    return result;
  }
  int closed = uv_loop_close(loop);
  CHECK(closed == 0, "uv_loop_close of a second loop returned %s", uv_err_name(closed));
  return result;
}

void op_extra_loop(struct fuzz_step step) {
  struct extra extra = {step.a & 1, step.a & 2, step.a & 4};
  world_try("a second loop", extra_loop, &extra, 0);
}
