/* SPDX-License-Identifier: MIT */
/* Verdict abort in a forked child, which its parent reports, too: the last words shown are the child's. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* says: its last words: 'no memory for a table' */
static __attribute__((noinline)) int planted(void) {
  void *volatile table = malloc(100); /* fault */
  if (table == NULL) {
    fputs("no memory for a table\n", stderr);
#ifdef MENDED
    return 1;
#endif
    abort(); /* blow-up */
  }
  free(table);
  return 0;
}

int main(void) {
  pid_t pid = fork();
  if (pid == 0) _exit(planted());
  int status;
  waitpid(pid, &status, 0);
  if (status == 0) return 0;
  fputs("the child failed\n", stderr);
  return 1;
}
