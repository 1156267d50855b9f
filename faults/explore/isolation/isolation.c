/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "isolation.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overlay_view.h"

/* Where the holder of a cell keeps the descriptor it was given, the pipe on which it reports, and the upper layers of
 * its view of the files. */
enum { KEPT_FD = 3, REPORT_FD = 4, SCRATCH_FD = 5, ABOVE_THESE = 6 };

#define PART_MAP(X)                          \
  X(USER, "user namespace", CLONE_NEWUSER)   \
  X(NETWORK, "own network", CLONE_NEWNET)    \
  X(IPC, "own IPC", CLONE_NEWIPC)            \
  X(FILES, "own view of files", CLONE_NEWNS) \
  X(ENTRY, "entering them", 0)

enum part {
#define X(upper, text, flag) PART_##upper,
  PART_MAP(X)
#undef X
      PARTS
};

static const struct {
  const char *text;
  int flag;
} parts[PARTS] = {
#define X(upper, text, flag) [PART_##upper] = {text, flag},
    PART_MAP(X)
#undef X
};

struct nomem__isolation {
  int flags; /* CLONE_NEW*, of the namespaces that are possible */
  char uid_map[64], gid_map[64];
  struct nomem__view view;
  struct nomem__sandbox *spare; /* those that nobody has asked for yet */
  struct nomem__sandbox *dying; /* those whose holders are killed, but not reaped */
};

struct nomem__sandbox {
  struct nomem__isolation *isolation;
  struct nomem__sandbox *next; /* in one of its lists */
  pid_t holder;
  int pidfd;
  int channel_fd;        /* given away with the cell; -1: it was */
  int report_fd;         /* on which its holder reports; -1: it has */
  int scratch_fd;        /* the upper layers of the view that runs share; -1: none */
  uint64_t scratch_used; /* how many files are in there */
};

/* What each part came to: 0, or errno. */
struct report {
  int errors[PARTS];
};

static int write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  ssize_t written = write(fd, text, strlen(text));
  int error = written < 0 ? errno : 0;
  close(fd);
  return error;
}

/* The user stays who he is. Without the right to map others, setgroups must be given up first. */
static int enter_user(const struct nomem__isolation *isolation) {
  if (unshare(CLONE_NEWUSER) != 0) return errno;
  int error = write_file("/proc/self/setgroups", "deny");
  if (error == 0 || error == ENOENT) error = write_file("/proc/self/uid_map", isolation->uid_map);
  return error == 0 ? write_file("/proc/self/gid_map", isolation->gid_map) : error;
}

/* A port is free again as soon as its run is over: no connection of an earlier one lingers. */
static int enter_network(void) {
  if (unshare(CLONE_NEWNET) != 0) return errno;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int error = ioctl(fd, SIOCSIFFLAGS, &request) != 0 ? errno : 0;
  close(fd);
  write_file("/proc/sys/net/ipv4/tcp_max_tw_buckets", "0");
  return error;
}

static int enter_files(const struct nomem__isolation *isolation) {
  int scratch;
  if (unshare(CLONE_NEWNS) != 0) return errno;
  int result = nomem__view_mount(&isolation->view, &scratch);
  if (scratch >= 0 && dup2(scratch, SCRATCH_FD) < 0) result = -errno;
  return -result;
}

/* Runs in a cell have no rights that its holder has not given up: else they might not look at its descriptors. */
static void drop_rights(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
  syscall(SYS_capset, &header, none);
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* In the holder, which is a fork of the command: async-signal-safe calls only. */
static void make_namespaces(const struct nomem__isolation *isolation, struct report *report) {
  int flags = isolation->flags;
  int *errors = report->errors;
  if (flags & CLONE_NEWUSER) errors[PART_USER] = enter_user(isolation);
  if (errors[PART_USER] != 0) return;
  if (flags & CLONE_NEWNET) errors[PART_NETWORK] = enter_network();
  if (flags & CLONE_NEWIPC) errors[PART_IPC] = unshare(CLONE_NEWIPC) != 0 ? errno : 0;
  if (flags & CLONE_NEWNS) errors[PART_FILES] = enter_files(isolation);
  if (flags & CLONE_NEWUSER) drop_rights();
}

static _Noreturn void hold(const struct nomem__isolation *isolation, pid_t command, int kept_fd, int report_fd) {
  struct report report = {{0}};
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL); /* the handlers are the command's */
  setsid();
  int kept = fcntl(kept_fd, F_DUPFD, ABOVE_THESE), told = fcntl(report_fd, F_DUPFD, ABOVE_THESE);
  if (kept < 0 || told < 0 || dup2(kept, KEPT_FD) < 0 || dup2(told, REPORT_FD) < 0) _exit(1);
  syscall(SYS_close_range, ABOVE_THESE, UINT_MAX, 0);
  for (int fd = 0; fd < KEPT_FD; fd++) close(fd);
  make_namespaces(isolation, &report);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* a change of rights would have undone it */
  if (getppid() != command || write(REPORT_FD, &report, sizeof report) != sizeof report) _exit(1);
  close(REPORT_FD);
  for (;;) pause();
}

static int start_holder(const struct nomem__isolation *isolation, struct nomem__sandbox *cell) {
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) return -errno;
  pid_t command = getpid();
  cell->report_fd = pipe_fds[0];
  cell->holder = fork();
  if (cell->holder == 0) hold(isolation, command, cell->channel_fd, pipe_fds[1]);
  int result = cell->holder < 0 ? -errno : 0;
  close(pipe_fds[1]);
  if (result == 0) cell->pidfd = (int)syscall(SYS_pidfd_open, cell->holder, 0);
  return result == 0 && cell->pidfd < 0 ? -errno : result;
}

/* Its holder is at work when this returns. */
static int start_cell(struct nomem__isolation *isolation, struct nomem__sandbox **out) {
  struct nomem__sandbox *cell = calloc(1, sizeof *cell);
  if (cell == NULL) return -ENOMEM;
  *cell = (struct nomem__sandbox){.isolation = isolation, .holder = -1, .pidfd = -1, .report_fd = -1, .scratch_fd = -1};
  cell->channel_fd = nomem__channel_file();
  int result = cell->channel_fd < 0 ? cell->channel_fd : start_holder(isolation, cell);
  if (result == 0)
    *out = cell;
  else
    nomem__sandbox_close(cell);
  return result;
}

static int await_report(struct nomem__sandbox *cell, struct report *report) {
  ssize_t length;
  while ((length = read(cell->report_fd, report, sizeof *report)) < 0 && errno == EINTR) continue;
  close(cell->report_fd);
  cell->report_fd = -1;
  return length == sizeof *report ? 0 : -ECHILD;
}

/* Each file in there counts, and so does each folder. 0: it cannot be known. */
static uint64_t count_used(int scratch_fd) {
  struct statfs status;
  return fstatfs(scratch_fd, &status) == 0 ? (uint64_t)(status.f_files - status.f_ffree) : 0;
}

/* Without it nothing is known of what runs make. */
static void open_scratch(struct nomem__sandbox *cell) {
  char path[64];
  if ((cell->isolation->flags & CLONE_NEWNS) == 0) return;
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)cell->holder, SCRATCH_FD);
  cell->scratch_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (cell->scratch_fd >= 0) cell->scratch_used = count_used(cell->scratch_fd);
}

int nomem__channel_file(void) {
  int fd = memfd_create("nomem-channel", MFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int nomem__sandbox_open(struct nomem__isolation *isolation, struct nomem__sandbox **out, int *fd) {
  struct report report = {{0}};
  struct nomem__sandbox *cell = isolation->spare;
  int result = 0;
  if (cell != NULL)
    isolation->spare = cell->next;
  else
    result = start_cell(isolation, &cell);
  if (result != 0) return result;
  if (cell->report_fd >= 0) result = await_report(cell, &report);
  for (unsigned i = 0; i < PARTS && result == 0; i++) result = -report.errors[i];
  if (result != 0) {
    nomem__sandbox_close(cell);
    return result;
  }
  *fd = cell->channel_fd;
  cell->channel_fd = -1;
  open_scratch(cell);
  *out = cell;
  return 0;
}

/* Its namespaces take a millisecond to go: they do so while others do, and what else there is to do is done. */
void nomem__sandbox_close(struct nomem__sandbox *cell) {
  if (cell == NULL) return;
  if (cell->pidfd >= 0)
    syscall(SYS_pidfd_send_signal, cell->pidfd, SIGKILL, NULL, 0);
  else if (cell->holder > 0)
    kill(cell->holder, SIGKILL);
  if (cell->pidfd >= 0) close(cell->pidfd);
  if (cell->report_fd >= 0) close(cell->report_fd);
  if (cell->channel_fd >= 0) close(cell->channel_fd);
  if (cell->scratch_fd >= 0) close(cell->scratch_fd);
  cell->next = cell->isolation->dying;
  cell->isolation->dying = cell;
}

void nomem__sandbox_path(const struct nomem__sandbox *cell, char *path, size_t path_bytes) {
  snprintf(path, path_bytes, "/proc/%d/fd/%d", (int)cell->holder, KEPT_FD);
}

/* Room for the one descriptor of a message. */
union control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

/* A message that is lost is a run whose files are not looked at. */
static void tell(int tell_fd, int scratch) {
  union control control = {
      .header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  char byte = 0;
  struct iovec piece = {&byte, 1};
  const struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  memcpy(CMSG_DATA(&control.header), &scratch, sizeof scratch);
  ssize_t sent = sendmsg(tell_fd, &message, MSG_NOSIGNAL);
  (void)sent;
}

/* The descriptor of the next message; -1: there is none. */
static int hear(int told_fd) {
  union control control;
  char byte;
  struct iovec piece = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  int fd = -1;
  if (recvmsg(told_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0) return -1;
  const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header != NULL && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

void nomem__sandbox_list_fresh(const struct nomem__sandbox *cell, int told_fd, struct nomem__created_files *made) {
  int scratch = hear(told_fd);
  if (scratch < 0) return;
  nomem__created_files_read(made, &cell->isolation->view, scratch);
  close(scratch);
}

/* From within the view: an overlay does not expect its layers to change under it. */
static void sweep(const struct nomem__sandbox *cell, const struct nomem__created_files *made) {
  pid_t pid = fork();
  if (pid == 0) {
    if (nomem__sandbox_enter(cell, false, -1) != 0) _exit(1);
    for (size_t i = made->count; i-- > 0;)
      if (S_ISDIR(made->list[i].type))
        rmdir(made->list[i].path);
      else
        unlink(made->list[i].path);
    _exit(0);
  }
  while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

void nomem__sandbox_list_shared(struct nomem__sandbox *cell, struct nomem__created_files *made) {
  uint64_t used = cell->scratch_fd < 0 ? 0 : count_used(cell->scratch_fd);
  made->is_known = used != 0;
  if (used == cell->scratch_used || used == 0) return;
  if (nomem__created_files_read(made, &cell->isolation->view, cell->scratch_fd) == 0 && made->count > 0)
    sweep(cell, made);
  cell->scratch_used = count_used(cell->scratch_fd);
}

int nomem__sandbox_enter(const struct nomem__sandbox *cell, bool is_fresh, int tell_fd) {
  const struct nomem__isolation *isolation = cell->isolation;
  int own = is_fresh ? isolation->flags & (CLONE_NEWNS | CLONE_NEWIPC) : 0;
  int shared = isolation->flags & ~(own & CLONE_NEWNS);
  if (shared != 0 && setns(cell->pidfd, shared) != 0) return -errno;
  if (own != 0 && unshare(own) != 0) return -errno;
  int result = 0, scratch = -1;
  if (own & CLONE_NEWNS)
    result = nomem__view_mount(&isolation->view, &scratch);
  else if (isolation->flags & CLONE_NEWNS)
    result = nomem__view_return(&isolation->view);
  if (scratch >= 0 && tell_fd >= 0) tell(tell_fd, scratch);
  if (scratch >= 0) close(scratch);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* a change of rights would have undone it */
  return result;
}

static bool has_right(unsigned capability) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
  return syscall(SYS_capget, &header, data) == 0 && (data[capability / 32].effective >> capability % 32 & 1) != 0;
}

/* Whether a process can enter the cell, each way. Returns 0 or errno. */
static int try_entry(const struct nomem__sandbox *cell) {
  enum { WAYS = 2 };
  pid_t tries[WAYS];
  int result = 0;
  for (int is_fresh = 0; is_fresh < WAYS; is_fresh++) {
    tries[is_fresh] = fork();
    if (tries[is_fresh] == 0) _exit(-nomem__sandbox_enter(cell, is_fresh != 0, -1));
    if (tries[is_fresh] < 0) result = errno;
  }
  for (int i = 0; i < WAYS; i++) {
    int status = 0;
    while (tries[i] > 0 && waitpid(tries[i], &status, 0) < 0)
      if (errno != EINTR) return errno;
    if (result == 0) result = WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
  }
  return result;
}

/* Tries everything, and leaves out what cannot be. Where all of it can, cells for the other jobs are begun, too. */
static int try_all(struct nomem__isolation *isolation, unsigned jobs, struct report *report) {
  struct nomem__sandbox *cell;
  int result = start_cell(isolation, &cell);
  if (result != 0) return result;
  result = await_report(cell, report);
  int all = isolation->flags;
  if (report->errors[PART_USER] != 0 || result != 0) isolation->flags = 0;
  for (unsigned i = 0; i < PARTS; i++)
    if (report->errors[i] != 0) isolation->flags &= ~parts[i].flag;
  if (isolation->flags == CLONE_NEWUSER) isolation->flags = 0;
  for (unsigned i = 1; i < jobs && isolation->flags == all; i++) {
    struct nomem__sandbox *other;
    if (start_cell(isolation, &other) != 0) break; /* said when it is asked for */
    other->next = isolation->spare;
    isolation->spare = other;
  }
  if (isolation->flags != 0) report->errors[PART_ENTRY] = try_entry(cell);
  if (report->errors[PART_ENTRY] != 0) isolation->flags = 0;
  if (isolation->flags == all) {
    cell->next = isolation->spare;
    isolation->spare = cell;
  } else {
    nomem__sandbox_close(cell);
  }
  return result;
}

/* Returns whether no part is missing. */
static bool say_report(const struct nomem__isolation *isolation, const struct report *report, char *reason,
                       size_t reason_bytes) {
  size_t used = 0;
  reason[0] = '\0';
  for (unsigned i = 0; i < PARTS; i++) {
    if (report->errors[i] == 0 || used >= reason_bytes) continue;
    used += (size_t)snprintf(reason + used, reason_bytes - used, "%s%s: %s", used > 0 ? ", " : "", parts[i].text,
                             strerror(report->errors[i]));
  }
  if (used == 0) nomem__view_describe(&isolation->view, reason, reason_bytes);
  return used == 0;
}

int nomem__isolation_open(unsigned jobs, struct nomem__isolation **out, bool *is_complete, char *reason,
                          size_t reason_bytes) {
  struct nomem__isolation *isolation = calloc(1, sizeof *isolation);
  struct report report = {{0}};
  *is_complete = false;
  reason[0] = '\0';
  if (isolation == NULL) return -ENOMEM;
  bool is_privileged = has_right(CAP_SYS_ADMIN) && has_right(CAP_NET_ADMIN);
  isolation->flags = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS | (is_privileged ? 0 : CLONE_NEWUSER);
  snprintf(isolation->uid_map, sizeof isolation->uid_map, "%u %u 1", (unsigned)geteuid(), (unsigned)geteuid());
  snprintf(isolation->gid_map, sizeof isolation->gid_map, "%u %u 1", (unsigned)getegid(), (unsigned)getegid());
  int result = nomem__view_open(&isolation->view, jobs, is_privileged);
  if (result == 0) result = try_all(isolation, jobs, &report);
  if (result != 0) {
    snprintf(reason, reason_bytes, "%s", strerror(-result));
    nomem__isolation_close(isolation);
    return result;
  }
  *is_complete = say_report(isolation, &report, reason, reason_bytes);
  *out = isolation;
  return 0;
}

void nomem__isolation_close(struct nomem__isolation *isolation) {
  if (isolation == NULL) return;
  while (isolation->spare != NULL) {
    struct nomem__sandbox *cell = isolation->spare;
    isolation->spare = cell->next;
    nomem__sandbox_close(cell);
  }
  while (isolation->dying != NULL) {
    struct nomem__sandbox *cell = isolation->dying;
    isolation->dying = cell->next;
    if (cell->holder > 0) waitpid(cell->holder, NULL, 0);
    free(cell);
  }
  nomem__view_close(&isolation->view);
  free(isolation);
}
