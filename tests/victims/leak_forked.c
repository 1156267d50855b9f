/* SPDX-License-Identifier: MIT */
/* Verdict leak in a test that its runner forks: one of two tests loses its block, and passes all the same. */
/* says: 16 bytes in 1 block, in another process of the run: 'program' */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct pair {
  char *first, *second;
};

static __attribute__((noinline)) struct pair *planted(void) {
  struct pair *pair = malloc(sizeof *pair); /* blow-up */
  if (pair == NULL) return NULL;
  pair->first = malloc(100); /* fault */
  if (pair->first == NULL) {
#ifdef MENDED
    free(pair);
#endif
    return NULL;
  }
  return pair;
}

/* Overwrites what calls have left on the stack: there the lost pointer may still stand. */
static __attribute__((noinline)) void use_stack(void) {
  volatile char stack[4096];
  for (unsigned i = 0; i < sizeof stack; i++) stack[i] = 1;
}

static void run(void) {
  struct pair *pair = planted();
  use_stack();
  if (pair != NULL) free(pair->first);
  free(pair);
}

int main(void) {
  int failures = 0;
  for (int i = 0; i < 2; i++) {
    int status = 1;
    pid_t pid = fork();
    if (pid == 0) {
      run();
      exit(0);
    }
    waitpid(pid, &status, 0);
    failures += status != 0;
  }
  return failures;
}
