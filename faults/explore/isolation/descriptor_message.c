/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "descriptor_message.h"

#include <string.h>
#include <sys/socket.h>

/* Room for the one descriptor of a message. */
union control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

void nomem__descriptor_send(int socket, int fd) {
  union control control = {
      .header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  char byte = 0;
  struct iovec piece = {&byte, 1};
  const struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  (void)sent;
}

int nomem__descriptor_receive(int socket) {
  union control control;
  char byte;
  struct iovec piece = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  int fd = -1;
  if (recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0) return -1;
  const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header != NULL && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}
