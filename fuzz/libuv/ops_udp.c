/* SPDX-License-Identifier: MIT */
/* UDP beyond a single datagram: options, groups, sockets of the caller's, peers, and what is sent without a request. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { DATAGRAMS_MAX = 24, SPACE_BYTES = 21 * 65536, TTL = 3 };

struct exchange {
  bool is_six, many_at_once, connects, opens, tries;
  unsigned count, sent, received;
  bool all_sent, all_received;
  uv_udp_t from, to;
  int result;
};

/* Room for all that recvmmsg reads at once, and less where it is not to be used. */
static void on_alloc(uv_handle_t *handle, size_t bytes, uv_buf_t *buffer) {
  static char space[SPACE_BYTES];
  struct exchange *exchange = handle->data;
  (void)bytes;
  *buffer = uv_buf_init(space, exchange->many_at_once ? sizeof space : 64);
}

static void on_datagram(uv_udp_t *handle, ssize_t bytes, const uv_buf_t *buffer, const struct sockaddr *from,
                        unsigned flags) {
  struct exchange *exchange = handle->data;
  (void)flags;
  if (bytes == 0 && !from) return;
  CHECK(bytes == 3 && !memcmp(buffer->base, "abc", 3), "of a datagram of 3 bytes %zd came", bytes);
  if (++exchange->received == exchange->count) exchange->all_received = true;
}

static void on_send(uv_udp_send_t *send, int status) {
  struct exchange *exchange = send->data;
  if (status) exchange->result = status;
  if (++exchange->sent == exchange->count) exchange->all_sent = true;
}

static int open_udp(uv_udp_t *handle, const struct exchange *exchange) {
  if (!exchange->opens) return 0;
  int file = socket(exchange->is_six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  CHECK(file >= 0, "there are no sockets");
  int result = uv_udp_open(handle, file);
  if (result) close(file);
  return result;
}

/* Whoever has bound an address to be reused may get what is sent to it: nobody else here has this one. */
static const char *own_address(void) {
  static char text[INET_ADDRSTRLEN];
  if (*text == '\0') {
    unsigned char part[3];
    CHECK(getrandom(part, sizeof part, 0) == sizeof part, "there are no random numbers");
    snprintf(text, sizeof text, "127.%d.%d.%d", part[0], part[1], 1 + part[2] % 250);
  }
  return text;
}

static int bind_receiver(struct exchange *exchange, struct sockaddr_storage *address) {
  int length = sizeof *address;
  if (exchange->is_six)
    uv_ip6_addr("::1", 0, (struct sockaddr_in6 *)address);
  else
    uv_ip4_addr(own_address(), 0, (struct sockaddr_in *)address);
  int result =
      uv_udp_bind(&exchange->to, (struct sockaddr *)address, exchange->is_six ? UV_UDP_IPV6ONLY : UV_UDP_REUSEADDR);
  if (result == 0) result = uv_udp_getsockname(&exchange->to, (struct sockaddr *)address, &length);
  if (result == 0) result = uv_udp_recv_start(&exchange->to, on_alloc, on_datagram);
  return result;
}

static int send_all(struct exchange *exchange, uv_udp_send_t *sends, const struct sockaddr *address) {
  uv_buf_t buffer = uv_buf_init((char *)(uintptr_t) "abc", 3);
  int result = 0;
  for (unsigned i = 0; i < exchange->count && result >= 0; i++) {
    sends[i].data = exchange;
    if (exchange->tries)
      result = uv_udp_try_send(&exchange->from, &buffer, 1, address);
    else
      result = uv_udp_send(&sends[i], &exchange->from, &buffer, 1, address, on_send);
    if (result >= 0 && exchange->tries) on_send(&sends[i], result == 3 ? 0 : UV_EIO);
  }
  if (result < 0 && exchange->sent > 0) world_settle();
  return result < 0 ? result : 0;
}

static void check_peer(struct exchange *exchange, const struct sockaddr *address) {
  struct sockaddr_storage name;
  int length = sizeof name;
  CHECK(uv_udp_getpeername(&exchange->from, (struct sockaddr *)&name, &length) == 0, "a connected socket has no peer");
  CHECK(uv_udp_connect(&exchange->from, address) == UV_EISCONN, "a connected socket can be connected again");
}

static int exchange_datagrams(struct exchange *exchange) {
  uv_udp_send_t sends[DATAGRAMS_MAX];
  struct sockaddr_storage address;
  exchange->to.data = exchange->from.data = exchange;
  int result = bind_receiver(exchange, &address);
  if (result == 0) result = open_udp(&exchange->from, exchange);
  if (result == 0 && exchange->connects) result = uv_udp_connect(&exchange->from, (struct sockaddr *)&address);
  if (result) return result;
  if (exchange->connects) check_peer(exchange, (struct sockaddr *)&address);
  result = send_all(exchange, sends, exchange->connects ? NULL : (struct sockaddr *)&address);
  if (result) {
    exchange->count = exchange->sent; /* those that were accepted still call back */
    while (uv_udp_get_send_queue_count(&exchange->from) > 0) uv_run(&world_loop, UV_RUN_ONCE);
    return result;
  }
  world_wait("uv_udp_send", &exchange->all_sent);
  CHECK(uv_udp_get_send_queue_size(&exchange->from) == 0 && uv_udp_get_send_queue_count(&exchange->from) == 0,
        "all is sent, and something is left to be sent");
  if (exchange->result) return exchange->result;
  world_wait("datagrams", &exchange->all_received);
  CHECK(uv_udp_using_recvmmsg(&exchange->to) == exchange->many_at_once,
        "recvmmsg is used, or not, against what was asked");
  CHECK(uv_udp_recv_stop(&exchange->to) == 0, "uv_udp_recv_stop failed");
  return exchange->connects ? uv_udp_connect(&exchange->from, NULL) : 0;
}

static int use_exchange(void *argument) {
  struct exchange exchange = *(struct exchange *)argument;
  int result = uv_udp_init(&world_loop, &exchange.from);
  if (result) return result;
  result = uv_udp_init_ex(&world_loop, &exchange.to, AF_UNSPEC | (exchange.many_at_once ? UV_UDP_RECVMMSG : 0));
  if (result == 0) {
    result = exchange_datagrams(&exchange);
    world_close(&exchange.to);
  }
  world_close(&exchange.from);
  return result;
}

/* Step: flags; how many. */
void op_datagrams(struct fuzz_step step) {
  struct exchange exchange = {.is_six = step.a & 1,
                              .many_at_once = step.a & 2,
                              .connects = step.a & 4,
                              .opens = step.a & 8,
                              .tries = step.a & 16,
                              .count = 1 + step.b % DATAGRAMS_MAX};
  world_try_as_usual("datagrams", use_exchange, &exchange);
}

/* Groups may not be to be had; then each call says so, and nothing is left behind. */
static void join_groups(uv_udp_t *handle, bool is_six) {
  const char *group = is_six ? "ff02::1" : "239.255.0.1", *interface = is_six ? "::1" : "127.0.0.1";
  uv_udp_set_multicast_interface(handle, interface);
  if (uv_udp_set_membership(handle, group, NULL, UV_JOIN_GROUP) == 0)
    CHECK(uv_udp_set_membership(handle, group, NULL, UV_LEAVE_GROUP) == 0, "a group that was joined cannot be left");
  uv_udp_set_membership(handle, group, interface, UV_JOIN_GROUP);
  if (uv_udp_set_source_membership(handle, group, interface, interface, UV_JOIN_GROUP) == 0)
    uv_udp_set_source_membership(handle, group, interface, interface, UV_LEAVE_GROUP);
  CHECK(uv_udp_set_membership(handle, "none", NULL, UV_JOIN_GROUP) < 0, "a group without an address was joined");
  CHECK(uv_udp_set_source_membership(handle, group, NULL, "none", UV_JOIN_GROUP) < 0, "a source without an address");
}

static int set_options(void *argument) {
  bool is_six = *(bool *)argument;
  struct sockaddr_storage any;
  uv_udp_t handle;
  int result = uv_udp_init_ex(&world_loop, &handle, is_six ? AF_INET6 : AF_INET);
  if (result) return result;
  if (is_six)
    uv_ip6_addr("::", 0, (struct sockaddr_in6 *)&any);
  else
    uv_ip4_addr("0.0.0.0", 0, (struct sockaddr_in *)&any);
  result = uv_udp_bind(&handle, (struct sockaddr *)&any, 0);
  if (result == 0) {
    CHECK(uv_udp_set_ttl(&handle, TTL) == 0 && uv_udp_set_ttl(&handle, 0) == UV_EINVAL, "uv_udp_set_ttl is wrong");
    CHECK(uv_udp_set_multicast_ttl(&handle, TTL) == 0 && uv_udp_set_multicast_loop(&handle, 1) == 0, "no such option");
    CHECK(uv_udp_set_broadcast(&handle, 1) == 0 || is_six, "uv_udp_set_broadcast failed");
    join_groups(&handle, is_six);
  }
  world_close(&handle);
  return result;
}

void op_udp_options(struct fuzz_step step) {
  bool is_six = step.a & 1;
  world_try_as_usual("options of uv_udp", set_options, &is_six);
}
