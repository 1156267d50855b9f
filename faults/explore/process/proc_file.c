/* SPDX-License-Identifier: MIT */
#include "proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../text/memory.h"

#define ROOM_BYTES 4096

static int read_all(int file, size_t max, char **block, size_t *bytes) {
  size_t room = 0;
  ssize_t length = 1;
  while (length != 0 && *bytes <= max) {
    if (*bytes + 1 >= room) *block = nomem__realloc(*block, room = room == 0 ? ROOM_BYTES : room * 2);
    length = read(file, *block + *bytes, room - *bytes - 1);
    if (length < 0 && errno != EINTR) return -errno;
    if (length > 0) *bytes += (size_t)length;
  }
  if (*bytes > max) return -EFBIG;
  (*block)[*bytes] = '\0';
  return 0;
}

int nomem__proc_file_read(pid_t pid, const char *name, size_t max, char **block, size_t *bytes) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  *block = NULL;
  *bytes = 0;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -errno;
  int result = read_all(file, max, block, bytes);
  close(file);
  if (result == 0) return 0;
  free(*block);
  *block = NULL;
  return result;
}
