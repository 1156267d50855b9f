/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "vfork_process.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define STACK_BYTES ((size_t)128 * 1024)

pid_t nomem__vfork_process(int (*call)(void *user), void *user) {
  char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return -1;
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before); /* a handler would find the memory of both */
  pid_t pid = clone(call, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, user);
  int error = errno;
  sigprocmask(SIG_SETMASK, &before, NULL);
  munmap(stack, STACK_BYTES);
  errno = error;
  return pid;
}

int nomem__vfork_wait(int (*call)(void *user), void *user) {
  int status = 0;
  pid_t pid = nomem__vfork_process(call, user);
  if (pid < 0) return -errno;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return -errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}
