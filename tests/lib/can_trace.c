/* SPDX-License-Identifier: MIT */
/* Whether a program may trace its child in the way that nomem does. Exit status: 0 it may, 1 it may not. */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  if (child < 0) return 1;
  long result = ptrace(PTRACE_SEIZE, child, NULL, NULL);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return result != 0;
}
