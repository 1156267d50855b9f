/* SPDX-License-Identifier: MIT */
/* Bytes over a stream socket between processes of one suite, all of them or none. */
#ifndef NOMEM_WHOLE_MESSAGES_H
#define NOMEM_WHOLE_MESSAGES_H

#include <stddef.h>

/* Both wait as long as it takes. Return 0, or -EPIPE: the other end is gone. */
int nomem__send_whole(int socket, const void *bytes, size_t count);
int nomem__receive_whole(int socket, void *bytes, size_t count);

#endif
