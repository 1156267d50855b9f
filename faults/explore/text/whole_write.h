/* SPDX-License-Identifier: MIT */
/* To write all of something, however few bytes the kernel takes at a time. */
#ifndef NOMEM_WHOLE_WRITE_H
#define NOMEM_WHOLE_WRITE_H

#include <stddef.h>

/* Returns 0, or a negative error code when a part of the bytes may have been written. */
int nomem__write_whole(int fd, const void *bytes, size_t count);

#endif
