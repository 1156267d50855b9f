/* SPDX-License-Identifier: MIT */
/* Both ends of each connection are in this process and this loop: what one has sent is there when the other reads. */
#include <string.h>
#include <sys/socket.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { BUF_BYTES = 8, BACKLOG = 4, IPC_MAX = 12 };

static char message[WORLD_BUFS_MAX * BUF_BYTES] = "what is sent";

static unsigned make_bufs(uv_buf_t *bufs, unsigned nbufs) {
  for (unsigned i = 0; i < nbufs; i++) bufs[i] = uv_buf_init(&message[(size_t)i * BUF_BYTES], BUF_BYTES);
  return nbufs;
}

static void on_alloc(uv_handle_t *handle, size_t bytes, uv_buf_t *buffer) {
  static char space[sizeof message];
  (void)handle;
  (void)bytes;
  *buffer = uv_buf_init(space, sizeof space);
}

struct stream {
  bool is_pipe, shuts_down;
  unsigned nbufs;
  union uv_any_handle server, client, accepted;
  bool server_open, client_open, accepted_open;
  uv_connect_t connect;
  uv_write_t write;
  uv_shutdown_t shutdown;
  bool connected, written, shut, received;
  size_t bytes;
  int result;
};

static int init_stream(const struct stream *stream, union uv_any_handle *handle, bool *is_open) {
  int result = stream->is_pipe ? uv_pipe_init(&world_loop, &handle->pipe, 0) : uv_tcp_init(&world_loop, &handle->tcp);
  *is_open = result == 0;
  return result;
}

static void on_read(uv_stream_t *handle, ssize_t bytes, const uv_buf_t *buffer) {
  struct stream *stream = handle->data;
  if (bytes > 0) {
    CHECK(stream->bytes + (size_t)bytes <= sizeof message, "more was received than sent");
    CHECK(!memcmp(buffer->base, message + stream->bytes, (size_t)bytes), "other bytes were received than sent");
    stream->bytes += (size_t)bytes;
  } else if (bytes < 0) {
    stream->result = bytes == UV_EOF ? 0 : (int)bytes;
    stream->received = true;
  }
  if (stream->bytes == (size_t)stream->nbufs * BUF_BYTES && !stream->shuts_down) stream->received = true;
}

static void on_connection(uv_stream_t *server, int status) {
  struct stream *stream = server->data;
  stream->result = status;
  if (status == 0) stream->result = init_stream(stream, &stream->accepted, &stream->accepted_open);
  if (stream->result == 0) stream->result = uv_accept(server, &stream->accepted.stream);
  stream->accepted.handle.data = stream;
  if (stream->result == 0) stream->result = uv_read_start(&stream->accepted.stream, on_alloc, on_read);
  if (stream->result) stream->received = true;
}

static void on_connect(uv_connect_t *connect, int status) {
  struct stream *stream = connect->data;
  stream->connected = true;
  if (status) stream->result = status;
}

static void on_write(uv_write_t *write, int status) {
  struct stream *stream = write->data;
  stream->written = true;
  if (status) stream->result = status;
}

static void on_shutdown(uv_shutdown_t *shutdown, int status) {
  struct stream *stream = shutdown->data;
  stream->shut = true;
  if (status) stream->result = status;
}

static int connect_stream(struct stream *stream) {
  struct sockaddr_storage address;
  char path[WORLD_PATH_BYTES];
  int length = sizeof address, result;
  stream->connect.data = stream;
  if (stream->is_pipe) {
    world_path(path, "pipe");
    result = uv_pipe_bind(&stream->server.pipe, path);
  } else {
    uv_ip4_addr("127.0.0.1", 0, (struct sockaddr_in *)&address);
    result = uv_tcp_bind(&stream->server.tcp, (struct sockaddr *)&address, 0);
    if (result == 0) result = uv_tcp_getsockname(&stream->server.tcp, (struct sockaddr *)&address, &length);
  }
  if (result == 0) result = uv_listen(&stream->server.stream, BACKLOG, on_connection);
  if (result) return result;
  if (!stream->is_pipe)
    return uv_tcp_connect(&stream->connect, &stream->client.tcp, (struct sockaddr *)&address, on_connect);
  uv_pipe_connect(&stream->connect, &stream->client.pipe, path, on_connect);
  return 0;
}

static int transfer(struct stream *stream) {
  uv_buf_t bufs[WORLD_BUFS_MAX];
  stream->server.handle.data = stream;
  int result = connect_stream(stream);
  if (result) return result;
  world_wait("a connection", &stream->connected);
  if (stream->result) return stream->result;
  stream->write.data = stream->shutdown.data = stream;
  result = uv_write(&stream->write, &stream->client.stream, bufs, make_bufs(bufs, stream->nbufs), on_write);
  if (result) return result;
  if (stream->shuts_down) {
    result = uv_shutdown(&stream->shutdown, &stream->client.stream, on_shutdown);
    if (result) return result;
    world_wait("uv_shutdown", &stream->shut);
  }
  world_wait("uv_write", &stream->written);
  world_wait("what was sent", &stream->received);
  CHECK(stream->result || stream->bytes == (size_t)stream->nbufs * BUF_BYTES, "%zu of %u bytes were received",
        stream->bytes, stream->nbufs * BUF_BYTES);
  return stream->result;
}

static int use_stream(void *argument) {
  const struct stream *options = argument;
  struct stream stream = {.is_pipe = options->is_pipe, .shuts_down = options->shuts_down, .nbufs = options->nbufs};
  int result = init_stream(&stream, &stream.server, &stream.server_open);
  if (result == 0) result = init_stream(&stream, &stream.client, &stream.client_open);
  if (result == 0) result = transfer(&stream);
  if (stream.accepted_open) world_close(&stream.accepted);
  if (stream.client_open) world_close(&stream.client);
  if (stream.server_open) world_close(&stream.server);
  return result;
}

void op_stream(struct fuzz_step step) {
  struct stream stream = {.is_pipe = step.a & 1, .shuts_down = step.a & 2, .nbufs = 1 + step.b % WORLD_BUFS_MAX};
  world_try(stream.is_pipe ? "a pipe" : "a tcp connection", use_stream, &stream, 0);
}

struct datagram {
  unsigned nbufs;
  uv_udp_t from, to;
  bool sent, received;
  int result;
};

static void on_datagram(uv_udp_t *handle, ssize_t bytes, const uv_buf_t *buffer, const struct sockaddr *from,
                        unsigned flags) {
  struct datagram *datagram = handle->data;
  (void)buffer;
  (void)flags;
  if (bytes == 0 && !from) return; /* nothing more to read */
  CHECK(bytes == (ssize_t)(datagram->nbufs * BUF_BYTES), "a datagram of %zd bytes was received", bytes);
  datagram->received = true;
}

static void on_send(uv_udp_send_t *send, int status) {
  struct datagram *datagram = send->data;
  datagram->sent = true;
  datagram->result = status;
}

static int transfer_datagram(struct datagram *datagram) {
  struct sockaddr_in address;
  uv_buf_t bufs[WORLD_BUFS_MAX];
  uv_udp_send_t send = {.data = datagram};
  int length = sizeof address;
  datagram->to.data = datagram;
  uv_ip4_addr("127.0.0.1", 0, &address);
  int result = uv_udp_bind(&datagram->to, (struct sockaddr *)&address, 0);
  if (result == 0) result = uv_udp_getsockname(&datagram->to, (struct sockaddr *)&address, &length);
  if (result == 0) result = uv_udp_recv_start(&datagram->to, on_alloc, on_datagram);
  if (result == 0)
    result = uv_udp_send(&send, &datagram->from, bufs, make_bufs(bufs, datagram->nbufs), (struct sockaddr *)&address,
                         on_send);
  if (result) return result;
  world_wait("uv_udp_send", &datagram->sent);
  world_wait("a datagram", &datagram->received);
  return datagram->result;
}

static int send_datagram(void *argument) {
  const struct datagram *options = argument;
  struct datagram datagram = {.nbufs = options->nbufs};
  int result = uv_udp_init(&world_loop, &datagram.from);
  if (result) return result;
  result = uv_udp_init(&world_loop, &datagram.to);
  if (result == 0) {
    result = transfer_datagram(&datagram);
    world_close(&datagram.to);
  }
  world_close(&datagram.from);
  return result;
}

void op_udp(struct fuzz_step step) {
  struct datagram datagram = {.nbufs = 1 + step.a % WORLD_BUFS_MAX};
  world_try("a datagram", send_datagram, &datagram, 0);
}

/* Handles that are sent through a pipe, more of them at once than the reader accepts at once. */
struct ipc {
  unsigned count, arrived;
  bool received;
  int result;
};

static void on_ipc_read(uv_stream_t *handle, ssize_t bytes, const uv_buf_t *buffer) {
  struct ipc *ipc = handle->data;
  (void)buffer;
  if (bytes < 0) ipc->result = (int)bytes;
  if (bytes > 0) ipc->arrived += (unsigned)bytes;
  ipc->received = bytes < 0 || ipc->arrived == ipc->count;
  if (bytes < 0) uv_read_stop(handle);
}

static void on_ipc_write(uv_write_t *write, int status) {
  struct ipc *ipc = write->data;
  if (status) ipc->result = status;
}

static int send_handles(struct ipc *ipc, uv_pipe_t *ends, uv_tcp_t *sent) {
  uv_write_t writes[IPC_MAX];
  uv_buf_t bufs = uv_buf_init(message, 1);
  int result = 0;
  for (unsigned i = 0; i < ipc->count && result == 0; i++) {
    writes[i].data = ipc;
    result = uv_write2(&writes[i], (uv_stream_t *)&ends[0], &bufs, 1, (uv_stream_t *)sent, on_ipc_write);
  }
  if (result == 0) result = uv_read_start((uv_stream_t *)&ends[1], on_alloc, on_ipc_read);
  if (result) return result;
  world_wait("handles", &ipc->received);
  while (ipc->result == 0 && uv_pipe_pending_count(&ends[1]) > 0) {
    uv_tcp_t accepted;
    uv_tcp_init(&world_loop, &accepted);
    result = uv_accept((uv_stream_t *)&ends[1], (uv_stream_t *)&accepted);
    world_close(&accepted);
    if (result) return result;
    ipc->arrived--;
  }
  CHECK(ipc->result || ipc->arrived == 0, "%u of %u handles were lost", ipc->arrived, ipc->count);
  uv_run(&world_loop, UV_RUN_NOWAIT); /* the writes call back while their requests still exist */
  return ipc->result;
}

static int pass_handles(void *argument) {
  struct ipc *ipc = argument;
  uv_os_sock_t sockets[2];
  uv_pipe_t ends[2];
  uv_tcp_t sent;
  ipc->arrived = 0;
  ipc->received = false;
  ipc->result = 0;
  int result = uv_socketpair(SOCK_STREAM, 0, sockets, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE);
  if (result) return result;
  uv_tcp_init_ex(&world_loop, &sent, AF_INET);
  for (unsigned i = 0; i < 2; i++) {
    uv_pipe_init(&world_loop, &ends[i], 1);
    int opened = uv_pipe_open(&ends[i], sockets[i]);
    CHECK(opened == 0, "uv_pipe_open returned %s", uv_err_name(opened));
    ends[i].data = ipc;
  }
  result = send_handles(ipc, ends, &sent);
  for (unsigned i = 0; i < 2; i++) world_close(&ends[i]);
  world_close(&sent);
  return result;
}

void op_ipc(struct fuzz_step step) {
  struct ipc ipc = {.count = 1 + step.a % IPC_MAX};
  world_try("handles through a pipe", pass_handles, &ipc, 0);
}
