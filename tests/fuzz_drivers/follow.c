/* SPDX-License-Identifier: MIT */
/* Runs a program as honggfuzz does, following it and all its children by ptrace, and counts the crashes that it sees.
 *
 *     follow PROGRAM [ARGUMENT...]     prints "crashes: N"; status 0, or 2 where ptrace is not allowed */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_crash(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE || signal == SIGABRT;
}

/* Lets every stopped process go on, with the signal that it stopped for. Returns how many of these were crashes. */
static int follow_all(void) {
  int crashes = 0, status;
  for (pid_t stopped; (stopped = waitpid(-1, &status, __WALL)) > 0;) {
    if (!WIFSTOPPED(status)) continue;
    int signal = WSTOPSIG(status);
    bool is_event = status >> 16 != 0;
    if (!is_event) crashes += is_crash(signal);
    ptrace(PTRACE_CONT, stopped, NULL, is_event ? 0L : (long)signal);
  }
  return crashes;
}

int main(int argc, char **argv) {
  int gate[2];
  char byte = 0;
  if (argc < 2 || pipe(gate) != 0) return 2;
  pid_t child = fork();
  if (child == 0) {
    if (read(gate[0], &byte, 1) != 1) _exit(2);
    execv(argv[1], argv + 1);
    _exit(2);
  }
  long options = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SEIZE, child, NULL, options) != 0 || write(gate[1], &byte, 1) != 1) return 2;
  printf("crashes: %d\n", follow_all());
  return 0;
}
