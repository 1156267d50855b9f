/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "bounded_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptor_message.h"
#include "user_namespace.h"

/* What a file system is made by. The text is ready before a fork, because snprintf is not async-signal-safe. */
struct room {
  const char *name;
  char size[24];
};

static int configure(int context, const char *key, const char *value) {
  return syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0) != 0 ? -errno : 0;
}

/* Returns its root folder: a descriptor, or a negative error code. */
static int make_file_system(const struct room *room) {
  int context = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
  if (context < 0) return -errno;
  int root = -1, result = configure(context, "size", room->size);
  if (result == 0) result = configure(context, "mode", "0700");
  if (result == 0 && syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) result = -errno;
  if (result == 0) root = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  if (result == 0 && root < 0) result = -errno;
  close(context);
  return result == 0 ? root : result;
}

/* Other users may open it by its descriptor, as they may a memory file. */
static int make_file(const char *name, int root) {
  int fd = openat(root, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
  if (fd < 0) return -errno;
  if (unlinkat(root, name, 0) == 0 && fchmod(fd, S_IRWXU | S_IRWXG | S_IRWXO) == 0) return fd;
  int error = errno;
  close(fd);
  return -error;
}

static void close_all(int *fds, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    if (fds[i] >= 0) close(fds[i]);
    fds[i] = -1;
  }
}

static int make_files(const struct room *room, unsigned count, int *fds) {
  int root = make_file_system(room), result = root < 0 ? root : 0;
  for (unsigned i = 0; i < count && result == 0; i++) {
    fds[i] = make_file(room->name, root);
    result = fds[i] < 0 ? fds[i] : 0;
  }
  if (root >= 0) close(root);
  if (result != 0) close_all(fds, count);
  return result;
}

/* In a fork of the command: async-signal-safe calls only. */
static _Noreturn void make_files_for_parent(const struct room *room, const struct nomem__user_maps *maps,
                                            unsigned count, int *fds, int socket) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL); /* the signal handlers are those of the command */
  int error = nomem__user_namespace_enter(maps);
  if (error == 0 && unshare(CLONE_NEWNS) != 0) error = errno;
  if (error == 0) error = -make_files(room, count, fds);
  for (unsigned i = 0; i < count && error == 0; i++) nomem__descriptor_send(socket, fds[i]);
  _exit(error);
}

static int await_end(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return -errno;
  return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

static int have_child_make_files(const struct room *room, unsigned count, int *fds) {
  struct nomem__user_maps maps;
  int ends[2];
  nomem__user_maps_make(&maps);
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
  pid_t pid = fork();
  if (pid == 0) make_files_for_parent(room, &maps, count, fds, ends[1]);
  int result = pid < 0 ? -errno : await_end(pid);
  for (unsigned i = 0; i < count && result == 0; i++) {
    fds[i] = nomem__descriptor_receive(ends[0]);
    if (fds[i] < 0) result = -EBADF;
  }
  if (result != 0) close_all(fds, count);
  close(ends[0]);
  close(ends[1]);
  return result;
}

int nomem__bounded_files_open(const char *name, uint64_t bytes, unsigned count, int *fds) {
  struct room room = {.name = name};
  snprintf(room.size, sizeof room.size, "%llu", (unsigned long long)bytes);
  for (unsigned i = 0; i < count; i++) fds[i] = -1;
  int result = make_files(&room, count, fds);
  return result == 0 ? 0 : have_child_make_files(&room, count, fds);
}
