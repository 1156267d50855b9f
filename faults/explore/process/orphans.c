/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "orphans.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../text/memory.h"
#include "tracees.h"

#define ENVIRONMENT_BYTES 65536

static bool has_entry(pid_t pid, const char *channel_entry) {
  static char environment[ENVIRONMENT_BYTES]; /* too large for a small stack */
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t length = read(fd, environment, sizeof environment);
  close(fd);
  size_t needed = strlen(channel_entry) + 1;
  return length > 0 && memmem(environment, (size_t)length, channel_entry, needed) != NULL;
}

void nomem__orphans_kill(pid_t root, const char *channel_entry) {
  kill(-root, SIGKILL);
  if (channel_entry == NULL) return;
  FILE *children = nomem__checked(fopen("/proc/thread-self/children", "re"));
  int pid;
  while (children != NULL && fscanf(children, "%d", &pid) == 1)
    if (pid != root && has_entry(pid, channel_entry)) kill(pid, SIGKILL);
  if (children != NULL) fclose(children);
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

void nomem__unclaimed_kill_orphans(struct nomem__unclaimed *unclaimed) {
  pid_t command = getpid();
  for (size_t i = unclaimed->count; i-- > 0;) {
    struct nomem__status status;
    nomem__status_read(unclaimed->list[i], &status);
    if (status.parent != command) continue;
    kill(unclaimed->list[i], SIGKILL);
    unclaimed->list[i] = unclaimed->list[--unclaimed->count];
  }
}
