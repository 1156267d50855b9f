/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "regular_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int nomem__regular_file_open(const char *path, struct stat *status) {
  struct stat found;
  if (stat(path, &found) != 0) return -errno;
  if (!S_ISREG(found.st_mode)) return -EINVAL;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return -errno;
  /* Somebody may have put something else there meanwhile. */
  int error = fstat(fd, &found) != 0 ? errno : S_ISREG(found.st_mode) ? 0 : EINVAL;
  if (error != 0) {
    close(fd);
    return -error;
  }
  if (status != NULL) *status = found;
  return fd;
}
