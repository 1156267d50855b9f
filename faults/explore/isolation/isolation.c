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

#include "../text/memory.h"
#include "descriptor_message.h"
#include "overlay_view.h"
#include "user_namespace.h"
#include "vfork_process.h"

/* The numbers at which the holder of a sandbox has its descriptors: the memory file of the channel, the pipe on which
 * it reports, and the upper layers of its view of the files. */
enum { CHANNEL_FD = 3, REPORT_FD = 4, SCRATCH_FD = 5, ABOVE_THESE = 6 };

#define PART_MAP(X)                          \
  X(USER, "user namespace", CLONE_NEWUSER)   \
  X(NETWORK, "own network", CLONE_NEWNET)    \
  X(IPC, "own IPC", CLONE_NEWIPC)            \
  X(FILES, "own view of files", CLONE_NEWNS) \
  X(ENTRY, "entering the namespaces", 0)

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
  struct nomem__user_maps user_maps;
  struct nomem__view view;
  struct nomem__sandbox *spare; /* started ahead, and not asked for yet */
  struct nomem__sandbox *open;  /* somebody has them */
  struct nomem__sandbox *dying; /* closed: their holders were killed, but not reaped */
};

struct nomem__sandbox {
  struct nomem__isolation *isolation;
  struct nomem__sandbox *next; /* in one of its lists */
  pid_t holder;
  int pidfd;
  int channel_fd;          /* -1: it was handed to whoever opened the sandbox */
  int report_fd;           /* the pipe on which the holder reports; -1: the report was read */
  int scratch_fd;          /* the upper layers of the view that runs share; -1: none */
  uint64_t accepted_files; /* so many files were in there when they were last accepted */
};

/* Of each part: 0 when it works, else errno. */
struct report {
  int errors[PARTS];
};

/* No connection of an earlier run lingers, so that a port is free again as soon as its run is over. */
static int enter_network(void) {
  if (unshare(CLONE_NEWNET) != 0) return errno;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int error = ioctl(fd, SIOCSIFFLAGS, &request) != 0 ? errno : 0;
  close(fd);
  nomem__setting_write("/proc/sys/net/ipv4/tcp_max_tw_buckets", "0");
  return error;
}

static int enter_files(const struct nomem__isolation *isolation) {
  int scratch;
  if (unshare(CLONE_NEWNS) != 0) return errno;
  int result = nomem__view_mount(&isolation->view, &scratch);
  if (scratch >= 0 && dup2(scratch, SCRATCH_FD) < 0) result = -errno;
  return -result;
}

/* A process may look at the descriptors of another only if that one has no rights which it lacks itself: the holder
 * gives up what the runs in its sandbox do not have. */
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
  if (flags & CLONE_NEWUSER) errors[PART_USER] = nomem__user_namespace_enter(&isolation->user_maps);
  if (errors[PART_USER] != 0) return;
  if (flags & CLONE_NEWNET) errors[PART_NETWORK] = enter_network();
  if (flags & CLONE_NEWIPC) errors[PART_IPC] = unshare(CLONE_NEWIPC) != 0 ? errno : 0;
  if (flags & CLONE_NEWNS) errors[PART_FILES] = enter_files(isolation);
  if (flags & CLONE_NEWUSER) drop_rights();
}

static _Noreturn void hold(const struct nomem__isolation *isolation, pid_t command, int channel_fd, int report_fd) {
  struct report report = {{0}};
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL); /* the signal handlers are those of the command */
  setsid();
  int channel = fcntl(channel_fd, F_DUPFD, ABOVE_THESE), report_pipe = fcntl(report_fd, F_DUPFD, ABOVE_THESE);
  if (channel < 0 || report_pipe < 0 || dup2(channel, CHANNEL_FD) < 0 || dup2(report_pipe, REPORT_FD) < 0) _exit(1);
  syscall(SYS_close_range, ABOVE_THESE, UINT_MAX, 0);
  for (int fd = 0; fd < CHANNEL_FD; fd++) close(fd);
  make_namespaces(isolation, &report);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* a change of rights undoes it, so it comes last */
  if (getppid() != command || write(REPORT_FD, &report, sizeof report) != sizeof report) _exit(1);
  close(REPORT_FD);
  for (;;) pause();
}

static int start_holder(const struct nomem__isolation *isolation, struct nomem__sandbox *sandbox) {
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) return -errno;
  pid_t command = getpid();
  sandbox->report_fd = pipe_fds[0];
  sandbox->holder = fork();
  if (sandbox->holder == 0) hold(isolation, command, sandbox->channel_fd, pipe_fds[1]);
  int result = sandbox->holder < 0 ? -errno : 0;
  close(pipe_fds[1]);
  if (result == 0) sandbox->pidfd = (int)syscall(SYS_pidfd_open, sandbox->holder, 0);
  return result == 0 && sandbox->pidfd < 0 ? -errno : result;
}

/* The holder is still at work when this returns: await_report waits for it. */
static int start_sandbox(struct nomem__isolation *isolation, struct nomem__sandbox **out) {
  struct nomem__sandbox *sandbox = nomem__calloc(1, sizeof *sandbox);
  *sandbox =
      (struct nomem__sandbox){.isolation = isolation, .holder = -1, .pidfd = -1, .report_fd = -1, .scratch_fd = -1};
  sandbox->channel_fd = nomem__channel_file();
  int result = sandbox->channel_fd < 0 ? sandbox->channel_fd : start_holder(isolation, sandbox);
  if (result == 0)
    *out = sandbox;
  else
    nomem__sandbox_close(sandbox);
  return result;
}

static int await_report(struct nomem__sandbox *sandbox, struct report *report) {
  ssize_t length;
  while ((length = read(sandbox->report_fd, report, sizeof *report)) < 0 && errno == EINTR) continue;
  close(sandbox->report_fd);
  sandbox->report_fd = -1;
  return length == sizeof *report ? 0 : -ECHILD;
}

/* Each file and each folder in there counts. 0: it cannot be known. */
static uint64_t count_files(const struct nomem__sandbox *sandbox) {
  struct statfs status;
  return sandbox->scratch_fd >= 0 && fstatfs(sandbox->scratch_fd, &status) == 0
             ? (uint64_t)(status.f_files - status.f_ffree)
             : 0;
}

/* If it cannot be opened, nothing is known of the files that runs make in the shared view. */
static void open_scratch(struct nomem__sandbox *sandbox) {
  char path[64];
  if ((sandbox->isolation->flags & CLONE_NEWNS) == 0) return;
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)sandbox->holder, SCRATCH_FD);
  sandbox->scratch_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  nomem__sandbox_accept_files(sandbox);
}

/* The program under test may open it, and must not be able to take pages away that the command has mapped. */
int nomem__channel_file(void) {
  int fd = memfd_create("nomem-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -errno;
  if (fchmod(fd, S_IRUSR | S_IWUSR) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) == 0) return fd;
  int error = errno;
  close(fd);
  return -error;
}

int nomem__sandbox_open(struct nomem__isolation *isolation, struct nomem__sandbox **out, int *channel_fd) {
  struct report report = {{0}};
  struct nomem__sandbox *sandbox = isolation->spare;
  int result = 0;
  if (sandbox != NULL)
    isolation->spare = sandbox->next;
  else
    result = start_sandbox(isolation, &sandbox);
  if (result != 0) return result;
  if (sandbox->report_fd >= 0) result = await_report(sandbox, &report);
  for (unsigned i = 0; i < PARTS && result == 0; i++) result = -report.errors[i];
  if (result != 0) {
    nomem__sandbox_close(sandbox);
    return result;
  }
  *channel_fd = sandbox->channel_fd;
  sandbox->channel_fd = -1;
  sandbox->next = isolation->open;
  isolation->open = sandbox;
  open_scratch(sandbox);
  *out = sandbox;
  return 0;
}

/* Namespaces take a millisecond to vanish. Nobody waits for that here: the holders are reaped when the isolation is
 * closed. */
void nomem__sandbox_close(struct nomem__sandbox *sandbox) {
  if (sandbox == NULL) return;
  if (sandbox->pidfd >= 0)
    syscall(SYS_pidfd_send_signal, sandbox->pidfd, SIGKILL, NULL, 0);
  else if (sandbox->holder > 0)
    kill(sandbox->holder, SIGKILL);
  if (sandbox->pidfd >= 0) close(sandbox->pidfd);
  if (sandbox->report_fd >= 0) close(sandbox->report_fd);
  if (sandbox->channel_fd >= 0) close(sandbox->channel_fd);
  if (sandbox->scratch_fd >= 0) close(sandbox->scratch_fd);
  struct nomem__sandbox **at = &sandbox->isolation->open;
  while (*at != NULL && *at != sandbox) at = &(*at)->next;
  if (*at != NULL) *at = sandbox->next;
  sandbox->next = sandbox->isolation->dying;
  sandbox->isolation->dying = sandbox;
}

void nomem__sandbox_path(const struct nomem__sandbox *sandbox, char *path, size_t path_bytes) {
  snprintf(path, path_bytes, "/proc/%d/fd/%d", (int)sandbox->holder, CHANNEL_FD);
}

int nomem__sandbox_receive_scratch(int scratch_socket) {
  return nomem__descriptor_receive(scratch_socket);
}

const struct nomem__view *nomem__sandbox_view(const struct nomem__sandbox *sandbox) {
  return &sandbox->isolation->view;
}

int nomem__sandbox_shared_scratch(const struct nomem__sandbox *sandbox) {
  return sandbox->scratch_fd;
}

int nomem__sandbox_has_changed(const struct nomem__sandbox *sandbox) {
  uint64_t files = count_files(sandbox);
  return files == 0 ? -ENODATA : files != sandbox->accepted_files;
}

void nomem__sandbox_accept_files(struct nomem__sandbox *sandbox) {
  sandbox->accepted_files = count_files(sandbox);
}

int nomem__sandbox_enter(const struct nomem__sandbox *sandbox, bool is_fresh, int scratch_socket) {
  const struct nomem__isolation *isolation = sandbox->isolation;
  int fresh = is_fresh ? isolation->flags & (CLONE_NEWNS | CLONE_NEWIPC) : 0;
  int shared = isolation->flags & ~(fresh & CLONE_NEWNS);
  if (shared != 0 && setns(sandbox->pidfd, shared) != 0) return -errno;
  if (fresh != 0 && unshare(fresh) != 0) return -errno;
  int result = 0, scratch = -1;
  if (fresh & CLONE_NEWNS)
    result = nomem__view_mount(&isolation->view, &scratch);
  else if (isolation->flags & CLONE_NEWNS)
    result = nomem__view_return(&isolation->view);
  /* If it is lost, the files that the run makes are not looked at. */
  if (scratch >= 0 && scratch_socket >= 0) nomem__descriptor_send(scratch_socket, scratch);
  if (scratch >= 0) close(scratch);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* a change of rights undoes it, so it comes last */
  return result;
}

static bool has_right(unsigned capability) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
  return syscall(SYS_capget, &header, data) == 0 && (data[capability / 32].effective >> capability % 32 & 1) != 0;
}

static int enter_shared(void *sandbox) {
  return -nomem__sandbox_enter(sandbox, false, -1);
}

static int enter_fresh(void *sandbox) {
  return -nomem__sandbox_enter(sandbox, true, -1);
}

/* Tries both ways to enter the sandbox. Returns 0 when a process can, or errno. */
static int try_entry(struct nomem__sandbox *sandbox) {
  int result = nomem__vfork_wait(enter_shared, sandbox);
  if (result == 0) result = nomem__vfork_wait(enter_fresh, sandbox);
  return abs(result);
}

/* Tries every part, and leaves out those that do not work. If all of them do, sandboxes for the other jobs are started
 * as well. */
static int try_all(struct nomem__isolation *isolation, unsigned jobs, struct report *report) {
  struct nomem__sandbox *sandbox;
  int result = start_sandbox(isolation, &sandbox);
  if (result != 0) return result;
  result = await_report(sandbox, report);
  int all = isolation->flags;
  if (report->errors[PART_USER] != 0 || result != 0) isolation->flags = 0;
  for (unsigned i = 0; i < PARTS; i++)
    if (report->errors[i] != 0) isolation->flags &= ~parts[i].flag;
  if (isolation->flags == CLONE_NEWUSER) isolation->flags = 0;
  for (unsigned i = 1; i < jobs && isolation->flags == all; i++) {
    struct nomem__sandbox *spare;
    if (start_sandbox(isolation, &spare) != 0) break; /* whoever asks for one gets the error */
    spare->next = isolation->spare;
    isolation->spare = spare;
  }
  if (isolation->flags != 0) report->errors[PART_ENTRY] = try_entry(sandbox);
  if (report->errors[PART_ENTRY] != 0) isolation->flags = 0;
  if (isolation->flags == all) {
    sandbox->next = isolation->spare;
    isolation->spare = sandbox;
  } else {
    nomem__sandbox_close(sandbox);
  }
  return result;
}

/* Of namespaces, no space left means that no more of them are allowed. */
static const char *describe_error(unsigned part, int error) {
  if (error == ENOSPC) return "the limit on their number is reached (sysctl user.max_*_namespaces)";
  if (part == PART_FILES && error == EINVAL) return "the root folder is no mount point, as in a chroot";
  return strerror(error);
}

/* Returns whether every part works. */
static bool describe_report(const struct nomem__isolation *isolation, const struct report *report, char *reason,
                            size_t reason_bytes) {
  size_t used = 0;
  reason[0] = '\0';
  for (unsigned i = 0; i < PARTS; i++) {
    if (report->errors[i] == 0 || used >= reason_bytes) continue;
    used += (size_t)snprintf(reason + used, reason_bytes - used, "%s%s: %s", used > 0 ? ", " : "", parts[i].text,
                             describe_error(i, report->errors[i]));
  }
  if (used == 0) nomem__view_describe(&isolation->view, reason, reason_bytes);
  return used == 0;
}

int nomem__isolation_open(unsigned jobs, unsigned most_jobs, const char *kept, struct nomem__isolation **out,
                          bool *is_complete, char *reason, size_t reason_bytes) {
  struct nomem__isolation *isolation = nomem__calloc(1, sizeof *isolation);
  struct report report = {{0}};
  *is_complete = false;
  reason[0] = '\0';
  bool is_privileged = has_right(CAP_SYS_ADMIN) && has_right(CAP_NET_ADMIN);
  isolation->flags = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS | (is_privileged ? 0 : CLONE_NEWUSER);
  nomem__user_maps_make(&isolation->user_maps);
  int result = nomem__view_open(&isolation->view, most_jobs, kept, is_privileged);
  if (result == 0) result = try_all(isolation, jobs, &report);
  if (result != 0) {
    snprintf(reason, reason_bytes, "%s", strerror(-result));
    nomem__isolation_close(isolation);
    return result;
  }
  *is_complete = describe_report(isolation, &report, reason, reason_bytes);
  *out = isolation;
  return 0;
}

static bool is_holder(const struct nomem__sandbox *list, pid_t pid) {
  while (list != NULL && list->holder != pid) list = list->next;
  return list != NULL;
}

bool nomem__isolation_has_process(const struct nomem__isolation *isolation, pid_t pid) {
  return isolation != NULL &&
         (is_holder(isolation->open, pid) || is_holder(isolation->spare, pid) || is_holder(isolation->dying, pid));
}

void nomem__isolation_close(struct nomem__isolation *isolation) {
  if (isolation == NULL) return;
  while (isolation->spare != NULL) {
    struct nomem__sandbox *sandbox = isolation->spare;
    isolation->spare = sandbox->next;
    nomem__sandbox_close(sandbox);
  }
  while (isolation->dying != NULL) {
    struct nomem__sandbox *sandbox = isolation->dying;
    isolation->dying = sandbox->next;
    if (sandbox->holder > 0) waitpid(sandbox->holder, NULL, 0);
    free(sandbox);
  }
  nomem__view_close(&isolation->view);
  free(isolation);
}
