/* SPDX-License-Identifier: MIT */
/* A descriptor that one process gives another, over a socket of datagrams between them. */
#ifndef NOMEM_DESCRIPTOR_MESSAGE_H
#define NOMEM_DESCRIPTOR_MESSAGE_H

/* The descriptor stays the caller's as well. If the message is lost, the other end receives nothing.
 * Async-signal-safe. */
void nomem__descriptor_send(int socket, int fd);

/* Does not wait. Returns a descriptor of the caller's; -1: none came. */
int nomem__descriptor_receive(int socket);

#endif
