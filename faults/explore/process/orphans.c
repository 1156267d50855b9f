/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "orphans.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "tracees.h"

/* Reads the next number of a list of numbers with blanks between them. A number may be cut by the end of what was read
 * at a time. */
struct number_reader {
  int fd;
  char bytes[256];
  ssize_t length, at;
};

static int next_byte(struct number_reader *reader) {
  if (reader->at == reader->length) {
    reader->at = 0;
    while ((reader->length = read(reader->fd, reader->bytes, sizeof reader->bytes)) < 0 && errno == EINTR) continue;
    if (reader->length <= 0) return -1;
  }
  return reader->bytes[reader->at++];
}

/* 0: there is none. */
static pid_t next_number(struct number_reader *reader) {
  pid_t number = 0;
  int byte;
  while ((byte = next_byte(reader)) >= '0' && byte <= '9') number = number * 10 + (byte - '0');
  return number;
}

struct nomem__orphans nomem__orphans_kill(bool (*is_spared)(pid_t pid, const void *user), const void *user) {
  struct nomem__orphans orphans = {0};
  struct number_reader reader = {.fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC)};
  if (reader.fd < 0) return orphans;
  for (pid_t pid; (pid = next_number(&reader)) != 0;) {
    if (is_spared(pid, user)) continue;
    if (kill(pid, SIGKILL) == 0)
      orphans.killed++;
    else
      orphans.left += errno == EPERM;
  }
  close(reader.fd);
  return orphans;
}

void nomem__unclaimed_add(struct nomem__unclaimed *unclaimed, pid_t tid) {
  if (unclaimed->count < NOMEM__UNCLAIMED_MAX)
    unclaimed->list[unclaimed->count++] = tid;
  else
    kill(tid, SIGKILL);
}

bool nomem__unclaimed_remove(struct nomem__unclaimed *unclaimed, pid_t tid) {
  for (size_t i = 0; i < unclaimed->count; i++) {
    if (unclaimed->list[i] != tid) continue;
    unclaimed->list[i] = unclaimed->list[--unclaimed->count];
    return true;
  }
  return false;
}

void nomem__unclaimed_kill_orphans(struct nomem__unclaimed *unclaimed, pid_t subreaper) {
  for (size_t i = unclaimed->count; i-- > 0;) {
    struct nomem__status status;
    nomem__status_read(unclaimed->list[i], &status);
    if (status.parent != subreaper) continue;
    kill(unclaimed->list[i], SIGKILL);
    unclaimed->list[i] = unclaimed->list[--unclaimed->count];
  }
}
