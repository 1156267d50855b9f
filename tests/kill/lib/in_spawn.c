/* SPDX-License-Identifier: MIT */
/* Preloaded into the command: kills it as it forks for the n-th time (NOMEM_KILL_AT), with the child not scheduled yet.
 * What the child then does is the command's own code, and nobody is left to mind it. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

pid_t fork(void) {
  static int count;
  const char *at = getenv("NOMEM_KILL_AT");
  pid_t parent = getpid(), pid = (pid_t)syscall(SYS_fork);
  if (at == NULL || parent != (pid_t)atoi(getenv("NOMEM_KILL_PID")) || ++count != atoi(at)) return pid;
  if (pid == 0)
    nanosleep(&(struct timespec){0, 100000000}, NULL);
  else
    kill(getpid(), SIGKILL);
  return pid;
}
