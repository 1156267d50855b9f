/* SPDX-License-Identifier: MIT */
/* Watches the file system without depending on the clock: each change is made when the one before was reported. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

struct watch {
  char path[WORLD_PATH_BYTES];
  bool seen, stops;
  unsigned calls;
  uint64_t faults; /* before it was started */
  int result;
};

/* What is watched is asked for, into a buffer with room for it and one without. */
static void check_path(const char *what, int (*get)(void *, char *, size_t *), void *handle, const char *path) {
  char text[WORLD_PATH_BYTES];
  size_t size = sizeof text;
  CHECK(get(handle, text, &size) == 0 && size == strlen(path) && !strcmp(text, path), "%s watches '%s'", what, text);
  size = 1;
  CHECK(get(handle, text, &size) == UV_ENOBUFS && size == strlen(path) + 1, "%s needs %zu bytes for its path", what,
        size);
}

static int get_polled(void *handle, char *text, size_t *size) {
  return uv_fs_poll_getpath(handle, text, size);
}

static int get_watched(void *handle, char *text, size_t *size) {
  return uv_fs_event_getpath(handle, text, size);
}

static void create(const char *path) {
  int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  CHECK(file >= 0, "cannot create '%s'", path);
  close(file);
}

/* The first report is that there is no such file, the second that there is one. A look that there was no memory for is
 * reported as well, as the end of it here. */
static void on_poll(uv_fs_poll_t *handle, int status, const uv_stat_t *before, const uv_stat_t *after) {
  struct watch *watch = handle->data;
  (void)before;
  (void)after;
  if (watch->result) return;
  if (status == UV_ENOMEM && memory_faults() > watch->faults) watch->result = status;
  if (watch->result) {
    watch->seen = true;
    return;
  }
  CHECK(status == (watch->calls ? 0 : UV_ENOENT), "uv_fs_poll reports %s for change %u", uv_err_name(status),
        watch->calls);
  if (watch->calls++) {
    watch->seen = true;
    if (watch->stops) uv_fs_poll_stop(handle);
  } else {
    create(watch->path);
  }
}

static int poll_path(void *argument) {
  struct watch *watch = argument;
  uv_fs_poll_t handle;
  watch->calls = 0;
  watch->seen = false;
  watch->result = 0;
  watch->faults = memory_faults();
  unlink(watch->path);
  uv_fs_poll_init(&world_loop, &handle);
  handle.data = watch;
  int result = uv_fs_poll_start(&handle, on_poll, watch->path, 1);
  if (result == 0) {
    check_path("uv_fs_poll", get_polled, &handle, watch->path);
    world_wait("uv_fs_poll", &watch->seen);
    result = watch->result;
  }
  world_close(&handle);
  unlink(watch->path);
  return result;
}

void op_fs_poll(struct fuzz_step step) {
  struct watch watch = {.stops = step.a & 1};
  world_path(watch.path, "polled");
  world_try("uv_fs_poll", poll_path, &watch, 0);
}

static void on_event(uv_fs_event_t *handle, const char *name, int events, int status) {
  struct watch *watch = handle->data;
  (void)events;
  CHECK(status == 0 && name && strcmp(name, "new") == 0, "uv_fs_event reports '%s', %s", name ? name : "",
        uv_err_name(status));
  watch->seen = true;
  if (watch->stops) uv_fs_event_stop(handle);
}

static int watch_directory(void *argument) {
  struct watch *watch = argument;
  char path[WORLD_PATH_BYTES];
  uv_fs_event_t handle;
  world_path(path, "d/new");
  watch->seen = false;
  uv_fs_event_init(&world_loop, &handle);
  handle.data = watch;
  int result = uv_fs_event_start(&handle, on_event, watch->path, 0);
  if (result == 0) {
    check_path("uv_fs_event", get_watched, &handle, watch->path);
    create(path);
    world_wait("uv_fs_event", &watch->seen);
  }
  world_close(&handle);
  unlink(path);
  return result;
}

void op_fs_event(struct fuzz_step step) {
  struct watch watch = {.stops = step.a & 1};
  world_path(watch.path, "d");
  world_try("uv_fs_event", watch_directory, &watch, 0);
}
