/* SPDX-License-Identifier: MIT */
#include "proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../stack/patience.h"
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

static int read_file(const char *path, size_t max, char **block, size_t *bytes) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -errno;
  int result = read_all(file, max, block, bytes);
  close(file);
  return result;
}

/* Environment and arguments lie in the memory of the process. */
struct job {
  char path[64];
  size_t max, bytes;
  char *block;
  int result;
};

static void read_job(void *argument) {
  struct job *job = argument;
  job->result = read_file(job->path, job->max, &job->block, &job->bytes);
}

static void discard(void *argument) {
  struct job *job = argument;
  free(job->block);
  free(job);
}

int nomem__proc_file_read(pid_t pid, const char *name, size_t max, char **block, size_t *bytes) {
  struct job *job = nomem__calloc(1, sizeof *job);
  snprintf(job->path, sizeof job->path, "/proc/%d/%s", (int)pid, name);
  job->max = max;
  *block = NULL;
  *bytes = 0;
  if (!nomem__patience_call(read_job, discard, job)) return -ETIMEDOUT;
  int result = job->result;
  if (result == 0) {
    *block = job->block;
    *bytes = job->bytes;
    job->block = NULL;
  }
  discard(job);
  return result;
}
