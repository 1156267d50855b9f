/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fork_server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "module_names.h"
#include "process_id.h"

#include "forbidden_calls.h"

/* Descriptors are dense: after so many numbers in a row that are not open, the search ends. */
#define GAP_MAX 32
#define DESCRIPTORS_MAX 1024

/* Where the C library keeps the calling thread's number, or NULL when the kernel does not say. */
static int *thread_number(void) {
  static int *address;
  if (address == NULL && prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) != 0) address = NULL;
  return address != NULL && *address == (int)syscall(SYS_gettid) ? address : NULL;
}

/* Returns 0 in the fork, its number in this process, or -1. glibc's fork would run the program's own handlers and take
 * the locks of stdio, in the middle of whatever the program is doing.
 *
 * The fork is traced if this process is, but this process does not stop for its tracer (CLONE_PTRACE with
 * CLONE_UNTRACED). The tracer notices the fork when it stops by itself, before its first instruction, and knows it by
 * its number, which the kernel has written by then.
 *
 * renumber: the C library gets to know the fork's own thread number. Not in the middle of the program: locks that are
 * held there name the old number as their owner, and the new one could not release them (setlocale allocates under such
 * a lock). The old number stays unique, because its process waits. raise, which needs the true one, asks the kernel. */
static pid_t fork_sibling(struct nomem_channel *channel, bool renumber) {
  int *number = thread_number();
  void *robust_list = NULL;
  size_t robust_bytes = 0;
  if (renumber && number == NULL) return -1;
  syscall(SYS_get_robust_list, 0, &robust_list, &robust_bytes);
  long flags = CLONE_PARENT | CLONE_PTRACE | CLONE_UNTRACED | CLONE_PARENT_SETTID | SIGCHLD |
               (renumber ? CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID : 0);
  pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, &channel->fork.child, number, NULL);
  if (pid != 0) return pid;
  setsid(); /* as a started program has its own: signals to its process group must reach no other process */
  nomem__process_id_served(renumber);
  if (robust_list != NULL) syscall(SYS_set_robust_list, robust_list, robust_bytes);
  return 0;
}

static void wait_for_turn(struct nomem_channel *channel, uint32_t seen) {
  while (atomic_load(&channel->fork.turn) == seen)
    syscall(SYS_futex, &channel->fork.turn, FUTEX_WAIT, seen, NULL, NULL, 0);
}

/* What was open when this process was attached: the inode number plus 1; 0: nothing. */
static ino_t inherited[DESCRIPTORS_MAX];

static ino_t file_of(int fd, mode_t *mode) {
  struct stat status;
  if (fstat(fd, &status) != 0) return 0;
  *mode = status.st_mode;
  return status.st_ino + 1;
}

void nomem__fork_server_prepare(const struct nomem_channel *channel) {
  mode_t mode;
  if (channel->fork.engine != NOMEM_ENGINE_SERVER && !channel->fork.avoid_shared) return;
  for (int fd = 0; fd < DESCRIPTORS_MAX; fd++)
    if (fcntl(fd, F_GETFD) >= 0) inherited[fd] = file_of(fd, &mode);
}

/* A fork has no timers. */
static bool has_timers(void) {
  char byte;
  struct itimerval timer;
  for (int kind = ITIMER_REAL; kind <= ITIMER_PROF; kind++)
    if (syscall(SYS_getitimer, kind, &timer) == 0 && (timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0))
      return true;
  int fd = nomem__open("/proc/self/timers", O_RDONLY); /* those of timer_create */
  bool has_others = fd >= 0 && syscall(SYS_read, fd, &byte, 1) > 0;
  if (fd >= 0) nomem__close(fd);
  return has_others;
}

/* Nor the signals that its parent has not taken yet. */
static bool has_pending_signals(void) {
  uint64_t pending = 0;
  return syscall(SYS_rt_sigpending, &pending, sizeof pending) == 0 && pending != 0;
}

/* Whether a line of /proc/self/maps is of memory that all forks would write to: of a file, or of none, which may also
 * become writable later. The channel is meant to be that. */
static bool is_shared_mapping(const char *line) {
  const char *permissions = strchr(line, ' ');
  if (permissions == NULL || strnlen(permissions, 5) < 5 || permissions[4] != 's') return false;
  bool may_write = permissions[2] == 'w' || strstr(line, " /dev/zero") != NULL;
  return may_write && strstr(line, " /memfd:nomem-channel") == NULL;
}

/* What does not fit into the buffer is the rest of a long path. */
static bool shares_memory(void) {
  static char text[4096];
  size_t used = 0;
  bool is_found = false;
  int fd = nomem__open("/proc/self/maps", O_RDONLY);
  while (fd >= 0 && !is_found) {
    long length = syscall(SYS_read, fd, text + used, sizeof text - 1 - used);
    if (length <= 0) break;
    used += (size_t)length;
    text[used] = '\0';
    char *line = text, *end;
    for (; !is_found && (end = strchr(line, '\n')) != NULL; line = end + 1) {
      *end = '\0';
      is_found = is_shared_mapping(line);
    }
    used -= (size_t)(line - text);
    if (used == sizeof text - 1) used = 0;
    memmove(text, line, used);
  }
  if (fd >= 0) nomem__close(fd);
  return is_found;
}

static enum nomem_obstacle find_obstacle(void) {
  struct stat tasks;
  if (stat("/proc/self/task", &tasks) != 0 || thread_number() == NULL) return NOMEM_OBSTACLE_KERNEL;
  if (tasks.st_nlink != 3) return NOMEM_OBSTACLE_THREADS;
  for (int fd = 0; fd < DESCRIPTORS_MAX; fd++)
    if (fcntl(fd, F_GETFD) >= 0 && inherited[fd] == 0) return NOMEM_OBSTACLE_DESCRIPTORS;
  if (has_timers()) return NOMEM_OBSTACLE_TIMERS;
  if (has_pending_signals()) return NOMEM_OBSTACLE_SIGNALS;
  if (shares_memory()) return NOMEM_OBSTACLE_MEMORY;
  return NOMEM_OBSTACLE_NONE;
}

/* Whether a descriptor was not inherited and is a socket, a pipe, or of no type, as an epoll is. */
static bool is_shared(int fd) {
  mode_t mode = 0;
  ino_t file = file_of(fd, &mode);
  if (file == 0 || (fd < DESCRIPTORS_MAX && file == inherited[fd])) return false;
  return S_ISSOCK(mode) || S_ISFIFO(mode) || (mode & S_IFMT) == 0;
}

/* Whether anything is open that a fork would share. In doubt the answer is yes. */
static bool shares_something(void) {
  _Alignas(struct dirent64) char entries[1024];
  bool shared = false;
  ssize_t length = -1;
  int folder = nomem__open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
  while (folder >= 0 && !shared && (length = syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0)
    for (ssize_t at = 0; at < length && !shared;) {
      const struct dirent64 *entry = (const struct dirent64 *)(entries + at);
      int fd = 0;
      for (const char *digit = entry->d_name; *digit >= '0' && *digit <= '9'; digit++) fd = fd * 10 + (*digit - '0');
      if (entry->d_name[0] != '.' && fd != folder) shared = is_shared(fd);
      at += entry->d_reclen;
    }
  if (folder >= 0) nomem__close(folder);
  return shared || length != 0;
}

/* Each run reads standard input from its start, and moves nobody else's position. */
static void reopen_input(void) {
  int fd = nomem__open("/proc/self/fd/0", O_RDONLY);
  if (fd < 0) return;
  dup2(fd, STDIN_FILENO);
  if (fd != STDIN_FILENO) nomem__close(fd);
}

bool nomem__fork_server_serve(struct nomem_channel *channel) {
  if (channel->fork.engine != NOMEM_ENGINE_SERVER) return false;
  int saved_errno = errno;
  uint32_t seen = 0;
  uint64_t live = atomic_load(&channel->screening.live);
  enum nomem_obstacle obstacle = find_obstacle();
  while (obstacle == NOMEM_OBSTACLE_NONE) {
    wait_for_turn(channel, seen);
    atomic_store(&channel->screening.live, live);
    atomic_store(&channel->screening.first.has_ended, 0);
    seen = atomic_load(&channel->fork.turn);
    pid_t pid = fork_sibling(channel, true);
    if (pid == 0) {
      reopen_input();
      errno = saved_errno;
      return true;
    }
    if (pid < 0) obstacle = NOMEM_OBSTACLE_KERNEL;
  }
  atomic_store(&channel->fork.obstacle, obstacle);
  _exit(0);
}

/* A fork shares the positions in open files with its parent: what it has read must be read again. */
struct positions {
  int count;
  off_t at[DESCRIPTORS_MAX];
};

static void note_positions(struct positions *positions) {
  positions->count = 0;
  for (int fd = 0, gap = 0; gap < GAP_MAX && fd < DESCRIPTORS_MAX; fd++) {
    off_t at = lseek(fd, 0, SEEK_CUR);
    gap = at < 0 && errno == EBADF ? gap + 1 : 0;
    positions->at[positions->count++] = at;
  }
}

static void restore_positions(const struct positions *positions) {
  for (int fd = 0; fd < positions->count; fd++)
    if (positions->at[fd] >= 0) lseek(fd, positions->at[fd], SEEK_SET);
}

bool nomem__fork_server_snapshot(struct nomem_channel *channel, struct nomem_site *site, uint64_t occurrence,
                                 struct nomem_snapshot_point *forked) {
  static struct positions positions; /* only one thread runs; a stack may be too small for it */
  const struct nomem_snapshot_point *points = channel->points;
  while (site->next_point < site->end_point && points[site->next_point].occurrence <= occurrence) {
    uint32_t point = site->next_point++;
    if (points[point].occurrence < occurrence) continue;
    int saved_errno = errno;
    if (channel->fork.avoid_shared && shares_something()) {
      errno = saved_errno;
      continue;
    }
    *forked = points[point]; /* here and not in the fork, which would have to copy one more page */
    uint32_t seen = atomic_load(&channel->fork.turn);
    uint64_t live = atomic_load(&channel->screening.live);
    note_positions(&positions);
    atomic_store(&channel->fork.point, point);
    pid_t pid = fork_sibling(channel, false);
    if (pid > 0) {
      wait_for_turn(channel, seen);
      atomic_store(&channel->screening.live, live);
      atomic_store(&channel->screening.first.has_ended, 0);
      restore_positions(&positions);
    }
    errno = saved_errno;
    if (pid == 0) return true;
  }
  return false;
}
