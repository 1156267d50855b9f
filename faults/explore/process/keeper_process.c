/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "keeper_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../isolation/vfork_process.h"
#include "keeper.h"
#include "keeper_protocol.h"
#include "openings.h"
#include "orphans.h"
#include "syscall_effects.h"

/* What was killed needs a moment to go. After so many moments without anybody to kill, nothing is left but what cannot
 * be killed: a single look at the list of children may miss some. */
#define MOMENT_NS 1000000
#define QUIET_MOMENTS 3
/* While a program runs, it is looked whether somebody holds the command so often. */
#define WATCH_MS 500
/* And so often, how much it has written: some megabytes a millisecond. */
#define OUTPUT_WATCH_MS 50
/* What holds it and was killed is gone after so many looks, or will never be. */
#define HOLDS_MAX 6
/* The unit of struct stat's st_blocks. */
#define BLOCK_BYTES 512
/* The exit status of a process that could not execute its program, as a shell has it. */
#define CANNOT_EXECUTE 127
/* So far up from a process its forebears are looked at. */
#define GENERATIONS 1000

struct keeper {
  int socket;
  pid_t command;
  const struct nomem__sandbox *sandbox; /* NULL: none */
  struct sigaction inherited;           /* what the command was started with, for SIGCHLD */
  bool is_forked;                       /* the program is forked for runs, and its end is not reported */
  pid_t root;                           /* the program; 0: none, or its end was reported */
  unsigned holds;                       /* so many looks in a row, it held the command */
  int unwatched_ms;                     /* since the last look for that */
  int written[2];                       /* standard output and standard error; -1: nobody looks at them */
  uint64_t output_max_bytes;            /* 0: neither is looked at */
  bool has_ended;                       /* what follows is of its end */
  int status;
  struct rusage usage;
};

/* A child has made the keeper its tracer (PTRACE_TRACEME), and waits to be let go on: it is, as if nobody traced it.
 * The signal that a traced process gets when it executes a program is not its own. */
static void let_go(pid_t pid, int signal) {
  siginfo_t info;
  if (ptrace(PTRACE_GETSIGINFO, pid, NULL, &info) == 0 && signal == SIGTRAP && info.si_code == SI_USER) signal = 0;
  ptrace(PTRACE_DETACH, pid, NULL, (void *)(intptr_t)signal);
}

/* Returns whether there are children left. */
static bool reap(struct keeper *keeper) {
  int status;
  struct rusage usage;
  pid_t pid;
  while ((pid = wait4(-1, &status, WNOHANG | __WALL, &usage)) > 0) {
    if (WIFSTOPPED(status)) let_go(pid, WSTOPSIG(status));
    if (WIFSTOPPED(status) || pid != keeper->root || keeper->has_ended) continue;
    keeper->has_ended = true;
    keeper->status = status;
    keeper->usage = usage;
  }
  return pid == 0;
}

static bool is_spared(pid_t pid, const void *spared) {
  return pid == *(const pid_t *)spared;
}

/* Until nothing is left that can be killed. Children of those that are killed come here, and are killed then. */
static void sweep(struct keeper *keeper, pid_t spared, struct nomem__keeper_report *report) {
  const struct timespec moment = {.tv_nsec = MOMENT_NS};
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  /* It is in the list, too, where there is one. That which is forked is the command's to kill, and may be gone. */
  if (keeper->root != 0 && !keeper->has_ended && !keeper->is_forked) kill(keeper->root, SIGKILL);
  report->has_left = false;
  for (unsigned quiet = 0; reap(keeper) && quiet < QUIET_MOMENTS; quiet++) {
    struct nomem__orphans orphans = nomem__orphans_kill(is_spared, &spared);
    report->has_left = orphans.left > 0;
    report->has_found |= orphans.killed > 0;
    if (orphans.killed > 0) quiet = 0;
    sigtimedwait(&child, NULL, &moment);
  }
}

/* A number in what /proc says of a process; 0: it is not there. A keeper must not end because memory is short, so
 * nothing is allocated for it. */
static pid_t read_number(pid_t pid, const char *name) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
  if (fd >= 0) close(fd);
  text[length > 0 ? length : 0] = '\0';
  const char *line = strstr(text, name);
  return line != NULL ? (pid_t)strtol(line + strlen(name), NULL, 10) : 0;
}

static bool descends_from(pid_t pid, pid_t forebear) {
  for (int i = 0; i < GENERATIONS && pid > 1; i++) {
    pid = read_number(pid, "\nPPid:");
    if (pid == forebear) return true;
  }
  return false;
}

/* A process of the run that traces the command can stop it, while it waits for the command itself, which traces it:
 * neither would go on. It is killed; if it cannot even end without the command, so is that. Whoever else traces the
 * command may do so. */
static void free_command(struct keeper *keeper) {
  static const char text[] = "nomem: ended, because a process of the run traces the command and keeps it stopped\n";
  pid_t tracer = read_number(keeper->command, "\nTracerPid:");
  bool is_held = tracer != 0 && descends_from(tracer, getpid());
  keeper->holds = is_held ? keeper->holds + 1 : 0;
  if (is_held) kill(tracer, SIGKILL);
  if (keeper->holds < HOLDS_MAX) return;
  ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
  (void)written;
  kill(keeper->command, SIGKILL);
}

static uint64_t bytes_in_memory(int fd) {
  struct stat status;
  return fd >= 0 && fstat(fd, &status) == 0 ? (uint64_t)status.st_blocks * BLOCK_BYTES : 0;
}

/* The command ends a run that writes too much. When it does not, because it is stopped, say, nor does the kernel, this
 * is done here. Runs that share a process with it are ended as well, because which one has written is the command's to
 * know. */
static void bound_output(struct keeper *keeper) {
  struct nomem__keeper_report nobody_reads = {.kind = NOMEM_KEEPER_SWEPT};
  uint64_t bytes = 0;
  if (keeper->output_max_bytes == 0 || keeper->root == 0) return;
  for (unsigned i = 0; i < 2; i++) bytes += bytes_in_memory(keeper->written[i]);
  if (bytes > keeper->output_max_bytes) sweep(keeper, 0, &nobody_reads);
}

static int find_pause_ms(const struct keeper *keeper) {
  if (keeper->root == 0) return -1;
  return keeper->output_max_bytes != 0 ? OUTPUT_WATCH_MS : WATCH_MS;
}

static void watch_command(struct keeper *keeper) {
  keeper->unwatched_ms += find_pause_ms(keeper);
  if (keeper->unwatched_ms < WATCH_MS) return;
  keeper->unwatched_ms = 0;
  free_command(keeper);
}

static void send_report(const struct keeper *keeper, const struct nomem__keeper_report *report) {
  ssize_t sent;
  while ((sent = send(keeper->socket, report, sizeof *report, MSG_NOSIGNAL)) < 0 && errno == EINTR) continue;
  if (sent > 0 && report->kind != NOMEM_KEEPER_STARTED && getppid() == keeper->command) kill(keeper->command, SIGCHLD);
}

static void report_end(struct keeper *keeper) {
  if (keeper->is_forked || keeper->root == 0 || !keeper->has_ended) return;
  struct nomem__keeper_report report = {.kind = NOMEM_KEEPER_ENDED, .status = keeper->status, .usage = keeper->usage};
  sweep(keeper, 0, &report);
  keeper->root = 0;
  send_report(keeper, &report);
}

/* A program that is to be started. */
struct start {
  const struct keeper *keeper;
  const struct nomem__keeper_order *order;
  const int *descriptors;
  const char *path;
  char **argv, **environment;
  pid_t parent;
};

/* In its process, which has the keeper's memory until the program is executed. The keeper waits for that, so it is the
 * process that says it was started. */
static int become_program(void *user) {
  const struct start *start = user;
  const struct keeper *keeper = start->keeper;
  const struct nomem__keeper_order *order = start->order;
  const int *descriptors = start->descriptors;
  const struct nomem__keeper_report report = {.kind = NOMEM_KEEPER_STARTED, .pid = getpid()};
  char byte;
  ssize_t came;
  sigaction(SIGCHLD, &keeper->inherited, NULL);
  if (order->own_session) { /* nor does each crash leave a core file */
    setsid();
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  } else {
    setpgid(0, order->group);
  }
  if (order->same_addresses) personality(ADDR_NO_RANDOMIZE);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != start->parent) return CANNOT_EXECUTE; /* it was gone before the kernel was asked to tell */
  send_report(keeper, &report);
  while ((came = read(descriptors[NOMEM_KEEPER_GO], &byte, 1)) < 0 && errno == EINTR) continue;
  if (came != 1) return CANNOT_EXECUTE; /* the command is gone */
  int result = order->uses_sandbox
                   ? nomem__sandbox_enter(keeper->sandbox, order->is_fresh, descriptors[NOMEM_KEEPER_SCRATCH])
                   : 0;
  errno = -result;
  if (result != 0) goto failed;
  for (int i = 0; i < 3; i++) {
    int descriptor = descriptors[NOMEM_KEEPER_STDIN + i];
    if (descriptor >= 0 && dup2(descriptor, i) < 0) goto failed;
  }
  signal(SIGPIPE, SIG_DFL); /* the command ignores these two */
  signal(SIGXFSZ, SIG_DFL);
  sigprocmask(SIG_SETMASK, &order->blocked, NULL);
  if (order->watch_effects) nomem__effects_watch();
  if (order->watch_openings) nomem__openings_watch();
  execve(start->path, start->argv, start->environment);
failed:;
  int error = errno;
  ssize_t written = write(descriptors[NOMEM_KEEPER_ERROR], &error, sizeof error);
  (void)written;
  return CANNOT_EXECUTE;
}

static bool read_all(int socket, void *to, size_t count) {
  char *at = to;
  while (count > 0) {
    ssize_t got = recv(socket, at, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    count -= (size_t)got;
  }
  return true;
}

/* Returns false when the command is gone. descriptors: -1 where none came. */
static bool read_order(int socket, struct nomem__keeper_order *order, int *descriptors) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(NOMEM_KEEPER_DESCRIPTORS * sizeof(int))];
  } control;
  struct iovec piece = {order, sizeof *order};
  struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t got;
  while ((got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) continue;
  if (got <= 0 || !read_all(socket, (char *)order + got, sizeof *order - (size_t)got)) return false;
  const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  size_t count = header != NULL ? (header->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0, next = 0;
  for (unsigned i = 0; i < NOMEM_KEEPER_DESCRIPTORS; i++) {
    descriptors[i] = -1;
    if (!order->has_descriptor[i] || next == count) continue;
    memcpy(&descriptors[i], CMSG_DATA(header) + next++ * sizeof(int), sizeof(int));
  }
  return true;
}

/* The pointers to the strings that lie one after the other at *text, and a NULL behind them, from *room on. */
static char **split_text(char ***room, char **text, size_t count) {
  char **list = *room;
  for (size_t i = 0; i < count; i++) {
    list[i] = *text;
    *text += strlen(*text) + 1;
  }
  list[count] = NULL;
  *room += count + 1;
  return list;
}

/* Returns false when the command is gone. */
static bool start_program(struct keeper *keeper, const struct nomem__keeper_order *order, const int *descriptors) {
  size_t pointers = order->argument_count + order->entry_count + 2;
  size_t bytes = pointers * sizeof(char *) + order->text_bytes;
  char **room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return false;
  char **next = room, *text = (char *)(room + pointers);
  bool is_whole = read_all(keeper->socket, text, order->text_bytes);
  if (is_whole) {
    struct start start = {
        .keeper = keeper, .order = order, .descriptors = descriptors, .path = text, .parent = getpid()};
    text += strlen(text) + 1;
    start.argv = split_text(&next, &text, order->argument_count);
    start.environment = split_text(&next, &text, order->entry_count);
    /* Of many forks, none is to wake the keeper when it ends. */
    signal(SIGCHLD, order->is_forked ? SIG_IGN : SIG_DFL);
    pid_t pid = nomem__vfork_process(become_program, &start);
    const struct nomem__keeper_report report = {.kind = NOMEM_KEEPER_STARTED, .error = errno};
    if (pid < 0) send_report(keeper, &report);
    keeper->root = pid < 0 ? 0 : pid;
    keeper->has_ended = false;
    keeper->is_forked = order->is_forked;
  }
  munmap(room, bytes);
  return is_whole;
}

/* Takes those descriptors that it is to look at. */
static void watch_output(struct keeper *keeper, const struct nomem__keeper_order *order, int *descriptors) {
  keeper->output_max_bytes = order->output_max_bytes;
  for (unsigned i = 0; i < 2; i++) {
    int *given = &descriptors[NOMEM_KEEPER_STDOUT + i];
    if (keeper->written[i] >= 0) close(keeper->written[i]);
    keeper->written[i] = order->output_max_bytes != 0 ? *given : -1;
    if (order->output_max_bytes != 0) *given = -1;
  }
}

/* Returns false when the command is gone. */
static bool follow_order(struct keeper *keeper) {
  struct nomem__keeper_order order;
  int descriptors[NOMEM_KEEPER_DESCRIPTORS];
  if (!read_order(keeper->socket, &order, descriptors)) return false;
  if (order.kind == NOMEM_KEEPER_SWEEP) {
    struct nomem__keeper_report report = {.kind = NOMEM_KEEPER_SWEPT, .pid = order.spared};
    sweep(keeper, order.spared, &report);
    if (keeper->is_forked) send_report(keeper, &report);
    return true;
  }
  bool is_whole = start_program(keeper, &order, descriptors);
  watch_output(keeper, &order, descriptors);
  for (unsigned i = 0; i < NOMEM_KEEPER_DESCRIPTORS; i++)
    if (descriptors[i] >= 0) close(descriptors[i]);
  return is_whole;
}

_Noreturn void nomem__keeper_process(int socket, pid_t command, const struct nomem__sandbox *sandbox) {
  struct keeper keeper = {.socket = socket, .command = command, .sandbox = sandbox, .written = {-1, -1}};
  struct nomem__keeper_report nobody_reads = {.kind = NOMEM_KEEPER_SWEPT};
  sigset_t all, child;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL); /* the handlers are the command's, and nothing but its end ends a keeper */
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigaction(SIGCHLD, NULL, &keeper.inherited);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  setpgid(0, 0); /* a run that kills the command's group does not kill who tidies up after it */
  struct pollfd watched[] = {{.fd = socket, .events = POLLIN},
                             {.fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN}};
  for (bool is_wanted = watched[1].fd >= 0; is_wanted;) {
    struct signalfd_siginfo info;
    int ready = poll(watched, 2, find_pause_ms(&keeper));
    bound_output(&keeper);
    if (ready == 0) watch_command(&keeper);
    if (ready < 0) continue;
    if (watched[0].revents != 0) is_wanted = follow_order(&keeper);
    if (watched[1].revents != 0 && read(watched[1].fd, &info, sizeof info) < 0 && errno != EAGAIN) is_wanted = false;
    reap(&keeper);
    report_end(&keeper);
  }
  sweep(&keeper, 0, &nobody_reads);
  _exit(0);
}
