/* SPDX-License-Identifier: MIT */
/* Verdict crash in a forked child whose exit status nobody checks: the program exits with 0. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noinline)) void planted(void) {
  volatile char *text = malloc(100); /* fault */
#ifdef MENDED
  if (text == NULL) _exit(1);
#endif
  text[0] = 'x'; /* blow-up */
  free((char *)text);
}

int main(void) {
  pid_t pid = fork();
  if (pid == 0) {
    planted();
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  return 0;
}
