/* SPDX-License-Identifier: MIT */
/* Verdict crash in a program that a child of the program executes; the root exits with 0 all the same. */
#include <stdlib.h>
#include <string.h>
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

/* Executes this program anew as the next generation, and waits for it. */
static void descend(const char *generation) {
  pid_t pid = fork();
  if (pid == 0) {
    execl("/proc/self/exe", "crash_grandchild", generation, (char *)NULL);
    _exit(127);
  }
  waitpid(pid, NULL, 0);
}

int main(int argc, char **argv) {
  if (argc < 2)
    descend("child");
  else if (strcmp(argv[1], "child") == 0)
    descend("grandchild");
  else
    planted();
  return 0;
}
