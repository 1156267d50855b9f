/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "openings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <unistd.h>

#include "../../channel.h"
#include "../text/memory.h"
#include "filter_words.h"
#include "tracees.h"

/* Numbers above are not looked for: what is left there is not known. */
#define NUMBERS_MAX 1024

#define ON(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), RETURN(SECCOMP_RET_TRACE)

static struct sock_filter filter[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
    RETURN(SECCOMP_RET_ALLOW),
    LOAD(nr),
    ON(open),
    ON(openat),
    ON(openat2),
    ON(creat),
    ON(socket),
    ON(socketpair),
    ON(accept),
    ON(accept4),
    ON(pipe),
    ON(pipe2),
    ON(dup),
    ON(dup2),
    ON(dup3),
    ON(epoll_create),
    ON(epoll_create1),
    ON(eventfd),
    ON(eventfd2),
    ON(inotify_init),
    ON(inotify_init1),
    ON(signalfd),
    ON(signalfd4),
    ON(timerfd_create),
    ON(memfd_create),
    ON(pidfd_open),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
    LOAD(args[1]),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_DUPFD, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_DUPFD_CLOEXEC, 1, 0),
    RETURN(SECCOMP_RET_ALLOW),
    RETURN(SECCOMP_RET_TRACE),
};

int nomem__openings_watch(void) {
  static const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 ? -errno : 0;
}

/* The lowest number from one on that is not open. */
static int find_free(pid_t tid, int from) {
  char path[64];
  while (from >= 0 && from < NUMBERS_MAX) {
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)tid, from);
    if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0) return from;
    from++;
  }
  return NUMBERS_MAX;
}

/* The entry of a descriptor, a new one if there is none. NULL: there is no room. */
static struct nomem__opening *find_entry(struct nomem__openings *openings, pid_t pid, int fd) {
  for (size_t i = 0; i < openings->count; i++)
    if (openings->list[i].pid == pid && openings->list[i].fd == fd) return &openings->list[i];
  if (openings->count == NOMEM__OPENINGS_MAX) return NULL;
  struct nomem__opening *entry = &openings->list[openings->count++];
  *entry = (struct nomem__opening){.pid = pid, .fd = fd, .stack = nomem__calloc(1, sizeof *entry->stack)};
  return entry;
}

static void forget(struct nomem__openings *openings, pid_t pid, int fd) {
  for (size_t i = 0; i < openings->count; i++)
    if (openings->list[i].pid == pid && openings->list[i].fd == fd) openings->list[i].fd = -1;
}

/* stack: NULL: the number has come back after the failure. */
static void note(struct nomem__openings *openings, pid_t pid, const struct nomem__stack *stack, int fd) {
  if (stack == NULL) {
    forget(openings, pid, fd);
    return;
  }
  struct nomem__opening *entry = fd < NUMBERS_MAX ? find_entry(openings, pid, fd) : NULL;
  if (entry != NULL) *entry->stack = *stack;
}

void nomem__openings_note(struct nomem__openings *openings, struct nomem__stacks *stacks, pid_t tid) {
  struct nomem__status status;
  struct nomem__stack captured, *stack = NULL;
  struct user_regs_struct registers;
  if (openings->calls == NOMEM__OPENING_CALLS_MAX) {
    nomem__openings_clear(openings); /* what is known by now may be closed, and opened by somebody else */
    openings->calls = NOMEM__OPENING_CALLS_MAX;
    return;
  }
  openings->calls++;
  if (ptrace(PTRACE_GETREGS, tid, NULL, &registers) != 0) return;
  nomem__status_read(tid, &status);
  if (openings->channel == NULL || openings->channel->fault_count == 0) {
    if (nomem__stack_capture(stacks, status.pid, tid, &captured) != 0) return;
    nomem__stack_drop_guest(&captured);
    stack = &captured;
  }
  int fd = registers.orig_rax == SYS_fcntl ? find_free(tid, (int)registers.rdx) : find_free(tid, 0);
  switch (registers.orig_rax) {
    case SYS_dup2:
    case SYS_dup3:
      fd = (int)registers.rsi < 0 ? NUMBERS_MAX : (int)registers.rsi;
      break;
    case SYS_pipe:
    case SYS_pipe2:
    case SYS_socketpair:
      note(openings, status.pid, stack, find_free(tid, fd + 1));
      break;
    default:
      break;
  }
  note(openings, status.pid, stack, fd);
}

const struct nomem__stack *nomem__openings_find(const struct nomem__openings *openings, pid_t pid, int fd) {
  for (size_t i = 0; i < openings->count; i++)
    if (openings->list[i].pid == pid && openings->list[i].fd == fd) return openings->list[i].stack;
  return NULL;
}

void nomem__openings_clear(struct nomem__openings *openings) {
  for (size_t i = 0; i < openings->count; i++) free(openings->list[i].stack);
  *openings = (struct nomem__openings){0};
}
