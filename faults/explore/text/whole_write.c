/* SPDX-License-Identifier: MIT */
#include "whole_write.h"

#include <errno.h>
#include <unistd.h>

int nomem__write_whole(int fd, const void *bytes, size_t count) {
  const char *at = bytes;
  while (count > 0) {
    ssize_t written = write(fd, at, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -errno;
    at += written;
    count -= (size_t)written;
  }
  return 0;
}
