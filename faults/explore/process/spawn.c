/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "syscall_effects.h"

/* In the child, between fork and exec: async-signal-safe calls only. */
static _Noreturn void become_program(const struct nomem__spawn_request *request, const sigset_t *blocked, pid_t parent,
                                     const int go[2], int error_fd) {
  const int fds[] = {request->stdin_fd, request->stdout_fd, request->stderr_fd};
  char byte;
  ssize_t came;
  close(go[1]);               /* it would keep open what says that the command is gone */
  if (request->own_session) { /* nor does each crash leave a core file */
    setsid();
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  }
  if (request->same_addresses) personality(ADDR_NO_RANDOMIZE);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != parent) _exit(127); /* it was gone before the kernel was asked to tell */
  while ((came = read(go[0], &byte, 1)) < 0 && errno == EINTR) continue;
  if (came != 1) _exit(127);
  int result =
      request->sandbox != NULL ? nomem__sandbox_enter(request->sandbox, request->is_fresh, request->scratch_socket) : 0;
  errno = -result;
  if (result != 0) goto failed;
  for (int i = 0; i < 3; i++)
    if (fds[i] >= 0 && dup2(fds[i], i) < 0) goto failed;
  signal(SIGPIPE, SIG_DFL);
  sigprocmask(SIG_SETMASK, blocked, NULL);
  if (request->watch_effects) nomem__effects_watch();
  execve(request->path, request->argv, request->environment);
failed:;
  int error = errno;
  ssize_t written = write(error_fd, &error, sizeof error);
  (void)written;
  _exit(127);
}

int nomem__spawn(const struct nomem__spawn_request *request, const sigset_t *blocked, pid_t *child, int *error_fd) {
  int go[2], error[2];
  *error_fd = -1;
  if (pipe2(go, O_CLOEXEC) != 0) return -errno;
  if (pipe2(error, O_CLOEXEC | O_NONBLOCK) != 0) {
    int result = -errno;
    close(go[0]);
    close(go[1]);
    return result;
  }
  int result = 0;
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) become_program(request, blocked, parent, go, error[1]);
  if (pid < 0) result = -errno;
  if (pid > 0 && request->trace) {
    long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                   PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | (request->watch_exits ? PTRACE_O_TRACEEXIT : 0);
    if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) != 0) result = -errno;
  }
  if (pid > 0 && result != 0) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
  }
  if (result == 0 && write(go[1], "", 1) != 1) result = -errno;
  close(go[0]);
  close(go[1]);
  close(error[1]);
  *child = pid;
  *error_fd = error[0];
  return result;
}
