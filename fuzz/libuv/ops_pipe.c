/* SPDX-License-Identifier: MIT */
/* Pipes: their names, their modes, those without a name, and the handles that travel through them. */
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { BACKLOG = 2, NAME_BYTES = 200 };

struct named {
  uv_pipe_t server, client, accepted;
  bool has_accepted, connected;
  uv_connect_t connect;
  int mode, result;
};

static void on_connection(uv_stream_t *server, int status) {
  struct named *named = server->data;
  CHECK(status == 0, "a connection arrived as %s", uv_err_name(status));
  uv_pipe_init(server->loop, &named->accepted, 0);
  named->has_accepted = true;
  named->result = uv_accept(server, (uv_stream_t *)&named->accepted);
}

static void on_connect(uv_connect_t *connect, int status) {
  struct named *named = connect->data;
  CHECK(!named->connected, "uv_pipe_connect called back twice");
  named->connected = true;
  if (status) named->result = status;
}

static void check_names(struct named *named, const char *path) {
  char name[NAME_BYTES];
  size_t size = sizeof name;
  CHECK(uv_pipe_getsockname(&named->server, name, &size) == 0 && size == strlen(path) && !memcmp(name, path, size),
        "a pipe's name has %zu bytes", size);
  size = sizeof name;
  CHECK(uv_pipe_getpeername(&named->client, name, &size) == 0 && size == strlen(path), "a peer's name has %zu bytes",
        size);
  size = 1;
  CHECK(uv_pipe_getsockname(&named->server, name, &size) == UV_ENOBUFS && size > 1, "a pipe's name fits into one byte");
  uv_pipe_pending_instances(&named->server, BACKLOG); /* of Windows */
}

static int open_to_all(struct named *named, const char *path) {
  struct stat status;
  CHECK(uv_pipe_chmod(&named->server, 0) == UV_EINVAL, "uv_pipe_chmod takes a mode of 0");
  int result = uv_pipe_chmod(&named->server, named->mode);
  if (result) return result;
  CHECK(stat(path, &status) == 0 && (!(named->mode & UV_WRITABLE) || status.st_mode & S_IWOTH) &&
            (!(named->mode & UV_READABLE) || status.st_mode & S_IROTH),
        "after uv_pipe_chmod(%d) the mode is %o", named->mode, status.st_mode);
  return 0;
}

static int use_names(struct named *named) {
  char path[WORLD_PATH_BYTES];
  world_path(path, "named");
  named->server.data = named->connect.data = named;
  int result = uv_pipe_bind(&named->server, path);
  if (result == 0) result = open_to_all(named, path);
  if (result == 0) result = uv_listen((uv_stream_t *)&named->server, BACKLOG, on_connection);
  if (result) return result;
  uv_pipe_connect(&named->connect, &named->client, path, on_connect);
  world_wait("uv_pipe_connect", &named->connected);
  if (named->result) return named->result;
  while (!named->has_accepted) uv_run(&world_loop, UV_RUN_ONCE);
  check_names(named, path);
  return named->result;
}

static int name_pipe(void *argument) {
  struct named named = {.mode = ((struct named *)argument)->mode};
  int result = uv_pipe_init(&world_loop, &named.server, 0);
  if (result) return result;
  uv_pipe_init(&world_loop, &named.client, 0);
  result = use_names(&named);
  if (named.has_accepted) world_close(&named.accepted);
  world_close(&named.client);
  world_close(&named.server);
  return result;
}

void op_pipe_name(struct fuzz_step step) {
  struct named named = {.mode = (int)(1 + step.a % 3)};
  world_try("a pipe's name", name_pipe, &named, 0);
}

static int connect_to_none(void *unused) {
  struct named named = {.connected = false};
  char path[WORLD_PATH_BYTES];
  (void)unused;
  int result = uv_pipe_init(&world_loop, &named.client, 0);
  if (result) return result;
  named.connect.data = &named;
  world_path(path, "none");
  uv_pipe_connect(&named.connect, &named.client, path, on_connect);
  world_wait("uv_pipe_connect", &named.connected);
  world_close(&named.client);
  return named.result;
}

/* What travels: each kind of handle that can be sent, once, and is taken or left behind. */
struct sending {
  uv_handle_type type;
  bool taken, received, written;
  uv_pipe_t ends[2];
  union uv_any_handle sent;
  int result;
};

static void on_alloc(uv_handle_t *handle, size_t bytes, uv_buf_t *buffer) {
  static char space[8];
  (void)handle;
  (void)bytes;
  *buffer = uv_buf_init(space, sizeof space);
}

static void on_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer) {
  struct sending *sending = stream->data;
  (void)buffer;
  if (bytes == 0) return;
  if (bytes < 0) sending->result = (int)bytes;
  if (bytes < 0) uv_read_stop(stream);
  sending->received = true;
}

static int init_sent(struct sending *sending) {
  if (sending->type == UV_UDP) return uv_udp_init_ex(&world_loop, &sending->sent.udp, AF_INET);
  if (sending->type == UV_TCP) return uv_tcp_init_ex(&world_loop, &sending->sent.tcp, AF_INET);
  uv_file ends[2];
  int result = uv_pipe(ends, UV_NONBLOCK_PIPE, 0);
  CHECK(result == 0, "uv_pipe returned %s", uv_err_name(result));
  result = uv_pipe_init(&world_loop, &sending->sent.pipe, 0);
  if (result == 0) result = uv_pipe_open(&sending->sent.pipe, ends[0]);
  uv_fs_t req;
  uv_fs_close(&world_loop, &req, ends[1], NULL);
  uv_fs_req_cleanup(&req);
  return result;
}

static void take(struct sending *sending) {
  union uv_any_handle handle;
  int result = sending->type == UV_UDP   ? uv_udp_init(&world_loop, &handle.udp)
               : sending->type == UV_TCP ? uv_tcp_init(&world_loop, &handle.tcp)
                                         : uv_pipe_init(&world_loop, &handle.pipe, 0);
  CHECK(result == 0, "the init of a handle returned %s", uv_err_name(result));
  result = uv_accept((uv_stream_t *)&sending->ends[1], &handle.stream);
  CHECK(result == 0, "uv_accept of what was sent returned %s", uv_err_name(result));
  CHECK(uv_pipe_pending_count(&sending->ends[1]) == 0, "what was accepted is still pending");
  world_close(&handle);
}

static int send_it(struct sending *sending) {
  uv_buf_t buffer = uv_buf_init((char *)(uintptr_t) "x", 1);
  int result = uv_read_start((uv_stream_t *)&sending->ends[1], on_alloc, on_read);
  if (result) return result;
  result = uv_try_write2((uv_stream_t *)&sending->ends[0], &buffer, 1, &sending->sent.stream);
  CHECK(result == 1, "uv_try_write2 of one byte returned %d", result);
  world_wait("a handle", &sending->received);
  if (sending->result) return sending->result;
  CHECK(uv_pipe_pending_count(&sending->ends[1]) == 1, "one handle was sent, %d are pending",
        uv_pipe_pending_count(&sending->ends[1]));
  CHECK(uv_pipe_pending_type(&sending->ends[1]) == sending->type, "a handle of type %d arrived as %d",
        (int)sending->type, (int)uv_pipe_pending_type(&sending->ends[1]));
  if (sending->taken) take(sending);
  return 0;
}

static int send_handle(void *argument) {
  const struct sending *options = argument;
  struct sending sending = {.type = options->type, .taken = options->taken};
  uv_os_sock_t sockets[2];
  int result = init_sent(&sending);
  CHECK(result == 0, "what is to be sent cannot be made: %s", uv_err_name(result));
  result = uv_socketpair(SOCK_STREAM, 0, sockets, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE);
  CHECK(result == 0, "uv_socketpair returned %s", uv_err_name(result));
  for (unsigned i = 0; i < 2; i++) {
    uv_pipe_init(&world_loop, &sending.ends[i], 1);
    CHECK(uv_pipe_open(&sending.ends[i], sockets[i]) == 0, "uv_pipe_open failed");
  }
  sending.ends[1].data = &sending;
  result = send_it(&sending);
  for (unsigned i = 0; i < 2; i++) world_close(&sending.ends[i]);
  world_close(&sending.sent);
  return result;
}

/* Step: what; which type; whether the receiver takes it. */
void op_pipe(struct fuzz_step step) {
  static const uv_handle_type types[] = {UV_TCP, UV_UDP, UV_NAMED_PIPE};
  struct sending sending = {.type = types[step.b % 3], .taken = step.c & 1};
  if (step.a & 1)
    world_try_as_usual("a pipe to nobody", connect_to_none, NULL);
  else
    world_try("a handle through a pipe", send_handle, &sending, 0);
}
