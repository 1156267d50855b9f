/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void nomem__user_maps_make(struct nomem__user_maps *maps) {
  snprintf(maps->uid, sizeof maps->uid, "%u %u 1", (unsigned)geteuid(), (unsigned)geteuid());
  snprintf(maps->gid, sizeof maps->gid, "%u %u 1", (unsigned)getegid(), (unsigned)getegid());
}

int nomem__setting_write(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  ssize_t written = write(fd, text, strlen(text));
  int error = written < 0 ? errno : 0;
  close(fd);
  return error;
}

/* Without the right to map other users, setgroups must be given up first. */
int nomem__user_namespace_enter(const struct nomem__user_maps *maps) {
  if (unshare(CLONE_NEWUSER) != 0) return errno;
  int error = nomem__setting_write("/proc/self/setgroups", "deny");
  if (error == 0 || error == ENOENT) error = nomem__setting_write("/proc/self/uid_map", maps->uid);
  return error == 0 ? nomem__setting_write("/proc/self/gid_map", maps->gid) : error;
}
