/* SPDX-License-Identifier: MIT */
/* TCP beyond a single connection: options, sockets of the caller's, reset, and what is written without a request. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { BACKLOG = 2, BUFFER_BYTES = 65536, DELAY_SECONDS = 60 };

struct pair {
  uv_tcp_t server, client, accepted;
  bool has_accepted, connected, ended, is_six, resets, writes_often;
  uv_connect_t connect;
  size_t received;
  int result;
};

static void on_alloc(uv_handle_t *handle, size_t bytes, uv_buf_t *buffer) {
  static char space[256];
  (void)handle;
  (void)bytes;
  *buffer = uv_buf_init(space, sizeof space);
}

static void on_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer) {
  struct pair *pair = stream->data;
  (void)buffer;
  if (bytes > 0) pair->received += (size_t)bytes;
  if (bytes < 0) {
    CHECK(bytes == (pair->resets ? UV_ECONNRESET : UV_EOF), "a connection ends with %s", uv_err_name((int)bytes));
    uv_read_stop(stream);
    pair->ended = true;
  }
}

static void on_connection(uv_stream_t *server, int status) {
  struct pair *pair = server->data;
  CHECK(status == 0, "a connection arrived as %s", uv_err_name(status));
  CHECK(uv_tcp_init(server->loop, &pair->accepted) == 0, "uv_tcp_init failed");
  pair->has_accepted = true;
  pair->accepted.data = pair;
  pair->result = uv_accept(server, (uv_stream_t *)&pair->accepted);
  if (pair->result == 0) pair->result = uv_read_start((uv_stream_t *)&pair->accepted, on_alloc, on_read);
  if (pair->result) pair->ended = true;
}

static void on_connect(uv_connect_t *connect, int status) {
  struct pair *pair = connect->data;
  CHECK(!pair->connected, "uv_tcp_connect called back twice");
  pair->connected = true;
  if (status) pair->result = status;
}

static int open_socket(uv_tcp_t *handle, int family) {
  int file = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  CHECK(file >= 0, "there are no sockets");
  int result = uv_tcp_open(handle, file);
  if (result) close(file);
  return result;
}

static void check_options(uv_tcp_t *handle) {
  int bytes = 0;
  uv_os_fd_t file;
  CHECK(uv_fileno((uv_handle_t *)handle, &file) == 0, "an open socket has no descriptor");
  CHECK(uv_guess_handle(file) == UV_TCP, "a socket is taken for %d", (int)uv_guess_handle(file));
  CHECK(uv_tcp_nodelay(handle, 1) == 0 && uv_tcp_keepalive(handle, 1, DELAY_SECONDS) == 0, "an option cannot be set");
  CHECK(uv_tcp_keepalive(handle, 0, 0) == 0 && uv_tcp_simultaneous_accepts(handle, 0) == 0,
        "an option cannot be unset");
  CHECK(uv_send_buffer_size((uv_handle_t *)handle, &bytes) == 0 && bytes > 0, "a buffer has %d bytes", bytes);
  bytes = BUFFER_BYTES;
  CHECK(uv_recv_buffer_size((uv_handle_t *)handle, &bytes) == 0, "a buffer's size cannot be set");
  bytes = 0;
  CHECK(uv_recv_buffer_size((uv_handle_t *)handle, &bytes) == 0 && bytes >= BUFFER_BYTES, "a buffer has %d bytes",
        bytes);
}

static int listen_somewhere(struct pair *pair, struct sockaddr_storage *address) {
  int length = sizeof *address;
  if (pair->is_six)
    uv_ip6_addr("::1", 0, (struct sockaddr_in6 *)address);
  else
    uv_ip4_addr("127.0.0.1", 0, (struct sockaddr_in *)address);
  int result = uv_tcp_bind(&pair->server, (struct sockaddr *)address, pair->is_six ? UV_TCP_IPV6ONLY : 0);
  if (result == 0) result = uv_listen((uv_stream_t *)&pair->server, BACKLOG, on_connection);
  if (result == 0) result = uv_tcp_getsockname(&pair->server, (struct sockaddr *)address, &length);
  return result;
}

static void check_connected(struct pair *pair) {
  struct sockaddr_storage name;
  int length = sizeof name;
  uv_stream_t *stream = (uv_stream_t *)&pair->client;
  CHECK(uv_tcp_getpeername(&pair->client, (struct sockaddr *)&name, &length) == 0, "a connected socket has no peer");
  CHECK(uv_is_readable(stream) && uv_is_writable(stream), "a connected socket cannot be read or written");
  CHECK(uv_stream_get_write_queue_size(stream) == 0, "something waits to be written already");
  CHECK(uv_stream_set_blocking(stream, 0) == 0, "a socket must block");
}

static size_t write_some(struct pair *pair) {
  char bytes[] = "0123456789";
  uv_buf_t bufs[2] = {uv_buf_init(bytes, 4), uv_buf_init(bytes + 4, 6)};
  size_t written = 0;
  for (unsigned i = 0; i < (pair->writes_often ? 3u : 1u); i++) {
    int result = uv_try_write2((uv_stream_t *)&pair->client, bufs, 2, NULL);
    CHECK(result > 0 || result == UV_EAGAIN, "uv_try_write of 10 bytes returned %d", result);
    if (result > 0) written += (size_t)result;
  }
  return written;
}

static void on_close(uv_handle_t *handle) {
  *(bool *)handle->data = true;
}

/* Ends the client's side: by a reset, or by closing it. */
static void end_client(struct pair *pair) {
  bool closed = false;
  pair->client.data = &closed;
  if (pair->resets) {
    int result = uv_tcp_close_reset(&pair->client, on_close);
    CHECK(result == 0, "uv_tcp_close_reset returned %s", uv_err_name(result));
  } else {
    uv_close((uv_handle_t *)&pair->client, on_close);
  }
  CHECK(uv_is_closing((uv_handle_t *)&pair->client), "a handle that is being closed does not say so");
  world_wait("uv_tcp_close_reset", &closed);
}

static int converse(struct pair *pair) {
  struct sockaddr_storage address;
  pair->server.data = pair->client.data = pair->connect.data = pair;
  int result = listen_somewhere(pair, &address);
  if (result == 0) result = open_socket(&pair->client, address.ss_family);
  if (result == 0) result = uv_tcp_connect(&pair->connect, &pair->client, (struct sockaddr *)&address, on_connect);
  if (result) return result;
  check_options(&pair->client);
  world_wait("a connection", &pair->connected);
  if (pair->result) return pair->result;
  check_connected(pair);
  size_t written = write_some(pair);
  while (pair->result == 0 && pair->received < written && uv_run(&world_loop, UV_RUN_ONCE)) continue;
  return pair->result;
}

static int use_pair(void *argument) {
  const struct pair *options = argument;
  struct pair pair = {.is_six = options->is_six, .resets = options->resets, .writes_often = options->writes_often};
  int result = uv_tcp_init(&world_loop, &pair.server);
  if (result) return result;
  result = uv_tcp_init(&world_loop, &pair.client);
  if (result == 0) {
    result = converse(&pair);
    end_client(&pair);
  }
  if (result == 0) world_wait("the end of a connection", &pair.ended);
  if (pair.has_accepted) world_close(&pair.accepted);
  world_close(&pair.server);
  return result;
}

/* Where there is no such address the system says so, which is what is wanted then. */
void op_tcp(struct fuzz_step step) {
  struct pair pair = {.is_six = step.a & 1, .resets = step.a & 2, .writes_often = step.a & 4};
  world_try_as_usual("a tcp connection with its options", use_pair, &pair);
}

static int connect_to_nobody(void *unused) {
  struct pair pair = {.connected = false};
  struct sockaddr_in address;
  (void)unused;
  int result = uv_tcp_init(&world_loop, &pair.client);
  if (result) return result;
  pair.connect.data = &pair;
  uv_ip4_addr("127.0.0.1", 1, &address);
  result = uv_tcp_connect(&pair.connect, &pair.client, (struct sockaddr *)&address, on_connect);
  if (result == 0) {
    world_wait("a refused connection", &pair.connected);
    result = pair.result;
  }
  world_close(&pair.client);
  return result;
}

static int reset_twice(void *unused) {
  uv_tcp_t handle;
  bool closed = false;
  (void)unused;
  int result = uv_tcp_init_ex(&world_loop, &handle, AF_INET);
  if (result) return result;
  CHECK(uv_tcp_init_ex(&world_loop, &handle, AF_UNIX) == UV_EINVAL, "a tcp handle of another family can be made");
  handle.data = &closed;
  result = uv_tcp_close_reset(&handle, on_close);
  world_wait("uv_tcp_close_reset", &closed);
  return result;
}

void op_tcp_alone(struct fuzz_step step) {
  if (step.a & 1)
    world_try_as_usual("a connection to nobody", connect_to_nobody, NULL);
  else
    world_try("uv_tcp_close_reset", reset_twice, NULL, 0);
}
