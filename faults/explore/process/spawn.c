/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "keeper.h"

static int seize(const struct nomem__spawn_request *request, pid_t pid) {
  long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                 PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP |
                 (request->watch_exits ? PTRACE_O_TRACEEXIT : 0);
  return ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) != 0 ? -errno : 0;
}

/* The program waits for a byte from go before it does anything, so that it is traced by then. */
static int start(struct nomem__keepers *keepers, const struct nomem__spawn_request *request, const sigset_t *blocked,
                 const int go[2], int error, pid_t *pid) {
  int result = nomem__keeper_start(keepers, request->keeper, request, blocked, go[0], error, pid);
  if (result != 0) return result;
  if (request->trace) result = seize(request, *pid);
  if (result == 0 && write(go[1], "", 1) != 1) result = -errno;
  if (result != 0) nomem__keeper_end(request->keeper); /* and the program with it, which still waits */
  return result;
}

int nomem__spawn(struct nomem__keepers *keepers, const struct nomem__spawn_request *request, const sigset_t *blocked,
                 pid_t *pid, int *error_fd) {
  int go[2], error[2];
  *error_fd = -1;
  if (pipe2(go, O_CLOEXEC) != 0) return -errno;
  if (pipe2(error, O_CLOEXEC | O_NONBLOCK) != 0) {
    int result = -errno;
    close(go[0]);
    close(go[1]);
    return result;
  }
  int result = start(keepers, request, blocked, go, error[1], pid);
  close(go[0]);
  close(go[1]);
  close(error[1]);
  *error_fd = error[0];
  return result;
}
