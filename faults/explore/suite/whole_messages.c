/* SPDX-License-Identifier: MIT */
#include "whole_messages.h"

#include <errno.h>
#include <sys/socket.h>

int nomem__send_whole(int socket, const void *bytes, size_t count) {
  const char *at = bytes;
  while (count > 0) {
    ssize_t sent = send(socket, at, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return -EPIPE;
    at += sent;
    count -= (size_t)sent;
  }
  return 0;
}

int nomem__receive_whole(int socket, void *bytes, size_t count) {
  char *at = bytes;
  while (count > 0) {
    ssize_t got = recv(socket, at, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return -EPIPE;
    at += got;
    count -= (size_t)got;
  }
  return 0;
}
