/* SPDX-License-Identifier: MIT */
/* Verdict leftover: does not wait for its child when memory runs out in between. */
/* says: a child process that was not waited for */
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
  planted();
  return 0;
}
