/* SPDX-License-Identifier: MIT */
/* Verdict leftover in a forked child: it does not wait for a child of its own when memory runs out in between. */
/* says: a child process that was not waited for, in another process of the run: 'program' */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noinline)) void planted(void) {
  pid_t pid = fork();
  if (pid == 0) _exit(0);
  char *volatile block = malloc(100); /* fault */
#ifndef MENDED
  if (block == NULL) return;
#endif
  free(block);
  waitpid(pid, NULL, 0);
}

int main(void) {
  int status = 1;
  pid_t pid = fork();
  if (pid == 0) {
    planted();
    exit(0);
  }
  waitpid(pid, &status, 0);
  return status != 0;
}
