/* SPDX-License-Identifier: MIT */
/* Descriptors of the caller's: uv_poll, and a terminal of our own, which nobody else uses. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { COLUMNS = 80, LINES = 25, PATH_BYTES = 64 };

struct polled {
  bool is_socket, stops, changes, hangs_up, seen;
  int wanted, got;
};

static void on_poll(uv_poll_t *handle, int status, int events) {
  struct polled *polled = handle->data;
  CHECK(!polled->stops || !polled->seen, "a stopped uv_poll called back");
  CHECK(status == 0 && events & polled->wanted, "uv_poll of events %d reports %d, %s", polled->wanted, events,
        uv_err_name(status));
  polled->got |= events;
  polled->seen = true;
  if (!polled->stops) return;
  CHECK(uv_poll_stop(handle) == 0, "uv_poll_stop failed");
  CHECK(!uv_is_active((uv_handle_t *)handle), "a stopped uv_poll is active");
}

static int wait_for_event(struct polled *polled, uv_poll_t *handle, int other) {
  int result = uv_poll_start(handle, polled->changes ? UV_READABLE : polled->wanted, on_poll);
  if (result == 0 && polled->changes) result = uv_poll_start(handle, polled->wanted, on_poll);
  if (result) return result;
  CHECK(uv_is_active((uv_handle_t *)handle), "a started uv_poll is not active");
  if (polled->hangs_up)
    CHECK(shutdown(other, SHUT_RDWR) == 0, "cannot shut a socket down");
  else
    CHECK(write(other, "x", 1) == 1, "cannot write to a socket");
  world_wait("uv_poll", &polled->seen);
  return 0;
}

static int poll_socket(void *argument) {
  struct polled *polled = argument;
  int ends[2];
  uv_poll_t handle;
  polled->seen = false;
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "there are no sockets");
  int result = polled->is_socket ? uv_poll_init_socket(&world_loop, &handle, ends[0])
                                 : uv_poll_init(&world_loop, &handle, ends[0]);
  if (result == 0) {
    handle.data = polled;
    result = wait_for_event(polled, &handle, ends[1]);
    world_close(&handle);
  }
  close(ends[0]);
  close(ends[1]);
  return result;
}

static int poll_file(void *unused) {
  char path[WORLD_PATH_BYTES];
  uv_poll_t handle;
  (void)unused;
  world_path(path, "f");
  int file = open(path, O_RDONLY | O_CLOEXEC);
  int result = uv_poll_init(&world_loop, &handle, file);
  if (result == 0) world_close(&handle);
  close(file);
  return result;
}

/* Step: flags; which events. A regular file cannot be polled. */
void op_poll(struct fuzz_step step) {
  static const int events[] = {UV_READABLE, UV_READABLE | UV_WRITABLE, UV_READABLE | UV_DISCONNECT,
                               UV_READABLE | UV_PRIORITIZED};
  struct polled polled = {.is_socket = step.a & 1, .stops = step.a & 2, .changes = step.a & 4, .hangs_up = step.a & 8};
  polled.wanted = events[step.b % (sizeof events / sizeof events[0])];
  if (step.a & 16)
    world_try("uv_poll of a file", poll_file, NULL, UV_EPERM);
  else
    world_try("uv_poll", poll_socket, &polled, 0);
}

struct terminal {
  int master, slave;
  uv_tty_mode_t mode;
  uv_tty_t handle;
  bool received;
};

/* Returns false where there is none to be had. */
static bool open_terminal(struct terminal *terminal) {
  char path[PATH_BYTES];
  struct winsize size = {.ws_row = LINES, .ws_col = COLUMNS};
  terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal->master < 0) return false;
  if (grantpt(terminal->master) == 0 && unlockpt(terminal->master) == 0 &&
      ptsname_r(terminal->master, path, sizeof path) == 0 && ioctl(terminal->master, TIOCSWINSZ, &size) == 0) {
    terminal->slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal->slave >= 0) return true;
  }
  close(terminal->master);
  return false;
}

static void on_alloc(uv_handle_t *handle, size_t bytes, uv_buf_t *buffer) {
  static char space[16];
  (void)handle;
  (void)bytes;
  *buffer = uv_buf_init(space, sizeof space);
}

static void on_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer) {
  struct terminal *terminal = stream->data;
  if (bytes == 0) return;
  CHECK(bytes > 0 && buffer->base[0] == 'k', "the key was k, and %zd bytes came", bytes);
  terminal->received = true;
}

static void check_window(struct terminal *terminal) {
  int width = 0, height = 0;
  uv_tty_vtermstate_t state;
  int result = uv_tty_get_winsize(&terminal->handle, &width, &height);
  CHECK(result == 0 && width == COLUMNS && height == LINES, "a window of %d x %d is %d x %d", COLUMNS, LINES, width,
        height);
  uv_tty_set_vterm_state(UV_TTY_SUPPORTED);
  CHECK(uv_tty_get_vterm_state(&state) == UV_ENOTSUP, "there is such a thing as a console's state");
  CHECK(uv_guess_handle(terminal->master) == UV_TTY, "a terminal is taken for %d",
        (int)uv_guess_handle(terminal->master));
}

static int type_and_read(struct terminal *terminal) {
  uv_buf_t buffer = uv_buf_init((char *)(uintptr_t) "out", 3);
  terminal->handle.data = terminal;
  int result = uv_tty_set_mode(&terminal->handle, terminal->mode);
  CHECK(result == 0, "uv_tty_set_mode returned %s", uv_err_name(result));
  CHECK(uv_stream_set_blocking((uv_stream_t *)&terminal->handle, 0) == 0, "a terminal must block");
  result = uv_read_start((uv_stream_t *)&terminal->handle, on_alloc, on_read);
  if (result) return result;
  CHECK(write(terminal->master, "k\n", 2) == 2, "cannot type");
  world_wait("a key", &terminal->received);
  result = uv_try_write((uv_stream_t *)&terminal->handle, &buffer, 1);
  CHECK(result == 3 || result == UV_EAGAIN, "uv_try_write of 3 bytes to a terminal returned %d", result);
  uv_read_stop((uv_stream_t *)&terminal->handle);
  CHECK(uv_tty_set_mode(&terminal->handle, UV_TTY_MODE_NORMAL) == 0, "uv_tty_set_mode cannot go back");
  uv_tty_reset_mode(); /* of the terminal that was the first to change, which may be gone */
  return 0;
}

static int use_terminal(void *argument) {
  struct terminal *terminal = argument;
  terminal->received = false;
  if (!open_terminal(terminal)) return 0;
  int result = uv_tty_init(&world_loop, &terminal->handle, terminal->slave, 0);
  if (result == 0) {
    check_window(terminal);
    result = type_and_read(terminal);
    uv_os_fd_t owned = -1;
    uv_fileno((uv_handle_t *)&terminal->handle, &owned);
    world_close(&terminal->handle);
    if (owned == terminal->slave) terminal->slave = -1; /* it was not opened anew: then it was the handle's */
  }
  if (terminal->slave >= 0) close(terminal->slave);
  close(terminal->master);
  return result;
}

static int open_file_as_terminal(void *unused) {
  char path[WORLD_PATH_BYTES];
  uv_tty_t handle;
  (void)unused;
  world_path(path, "f");
  int file = open(path, O_RDONLY | O_CLOEXEC);
  int result = uv_tty_init(&world_loop, &handle, file, 0);
  CHECK(uv_guess_handle(file) == UV_FILE, "a file is taken for %d", (int)uv_guess_handle(file));
  close(file);
  return result;
}

/* Step: the mode; or a file instead of a terminal. */
void op_tty(struct fuzz_step step) {
  static const uv_tty_mode_t modes[] = {UV_TTY_MODE_NORMAL, UV_TTY_MODE_RAW, UV_TTY_MODE_IO};
  struct terminal terminal = {.mode = modes[step.a % 3]};
  if (step.b & 1)
    world_try("uv_tty_init of a file", open_file_as_terminal, NULL, UV_EINVAL);
  else
    world_try("a terminal", use_terminal, &terminal, 0);
}
