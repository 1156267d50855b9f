/* SPDX-License-Identifier: MIT */
/* What a child process has at its end, which is a leak in some ways only: one way for each macro. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Overwrites what calls have left on the stack: there a lost pointer may still stand. */
static __attribute__((noinline)) void use_stack(void) {
  volatile char stack[4096];
  for (unsigned i = 0; i < sizeof stack; i++) stack[i] = 1;
}

/* Loses a block when it cannot have the second one, and says nothing. */
static __attribute__((noinline)) int loses(void) {
  void *kept = malloc(16);
  void *block = malloc(100); /* fault */
  if (block == NULL) return 1;
  free(block);
  free(kept);
  return 0;
}

static __attribute__((noinline)) void loses_nothing(void) {
  void *block = malloc(100);
  free(block);
}

static __attribute__((noinline)) void loses_always(void) {
  if (malloc(16) == NULL) use_stack();
}

static int start(int (*child)(void)) {
  int status = 1;
  pid_t pid = fork();
  if (pid == 0) exit(child());
  waitpid(pid, &status, 0);
  return status;
}

#if defined INHERITS /* blocks and a descriptor that its parent frees and closes */
static int child(void) {
  loses_nothing();
  return 0;
}

int main(void) {
  void *blocks[20];
  int fd = open("/etc/passwd", O_RDONLY);
  for (int i = 0; i < 20; i++) blocks[i] = strdup("inherited");
  int status = start(child);
  for (int i = 0; i < 20; i++) free(blocks[i]);
  close(fd);
  return status != 0;
}

#elif defined FREES /* what it inherited; its parent has lost it, and loses it in any case */
static void *volatile inherited;

static int child(void) {
  void *block = malloc(100); /* fault */
  if (block == NULL) inherited = NULL;
  free(inherited);
  free(block);
  inherited = NULL;
  use_stack();
  return 0;
}

int main(void) {
  inherited = malloc(16);
  use_stack();
  int status = start(child);
  inherited = NULL;
  return status != 0;
}

#elif defined QUITS /* by _exit, and holds what it has to its end */
static int child(void) {
  void *volatile held = malloc(16);
  void *volatile block = malloc(100);
  (void)block;
  _exit(held == NULL ? 0 : 0);
}

int main(void) {
  return start(child) != 0;
}

#elif defined QUITS_LOSING
static int child(void) {
  loses();
  use_stack();
  _exit(0);
}

int main(void) {
  return start(child) != 0;
}

#elif defined REFUSES /* and tells nobody but its parent, which does not listen */
static int child(void) {
  int result = loses();
  use_stack();
  return result;
}

int main(void) {
  start(child);
  return 0;
}

#elif defined KILLED /* by its parent, on purpose */
int main(void) {
  int fds[2];
  char byte;
  if (pipe(fds) != 0) return 1;
  pid_t pid = fork();
  if (pid == 0) {
    loses();
    use_stack();
    if (write(fds[1], "", 1) != 1) _exit(1);
    for (;;) pause();
  }
  if (read(fds[0], &byte, 1) != 1) return 1;
  kill(pid, SIGTERM);
  waitpid(pid, NULL, 0);
  return 0;
}

#elif defined EXECUTES /* another program; what it had lost is gone then */
static int child(void) {
  loses();
  execl("/bin/true", "true", (char *)NULL);
  return 127;
}

int main(void) {
  return start(child) != 0;
}

#elif defined EXECUTES_OPEN /* with a descriptor that lives on */
static int child(void) {
  int fd = open("/etc/passwd", O_RDONLY);
  void *block = malloc(100); /* fault */
  if (block != NULL) close(fd);
  free(block);
  execl("/proc/self/exe", "children", "executed", (char *)NULL);
  return 127;
}

int main(int argc, char **argv) {
  (void)argv;
  return argc > 1 ? 0 : start(child) != 0;
}

#elif defined AT_ONCE /* two of which one loses a block in any case: which of them comes first is chance */
static void run(int number) {
  if (number == 0) loses_always();
  loses_nothing();
  use_stack();
  usleep(20000);
  exit(0);
}

int main(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int first = (int)(now.tv_nsec / 1000 % 2);
  pid_t one = fork();
  if (one == 0) run(first);
  pid_t two = fork();
  if (two == 0) run(1 - first);
  waitpid(one, NULL, 0);
  waitpid(two, NULL, 0);
  return 0;
}
#endif
