/* SPDX-License-Identifier: MIT */
/* A program with something of everything that an exploration records: sites that are handled and reported, two crashes,
 * an abort, a leak; and, when it is asked to, a daemon, a file, or a second fault.
 *
 *   program [daemon|files|seconds]
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define USE __attribute__((noinline))

static USE char *get(size_t size) {
  return malloc(size);
}

/* A call stack of its own for each depth. */
static USE bool checked(int depth) {
  if (depth > 0) return checked(depth - 1);
  char *block = get(8);
  if (block == NULL) return false;
  free(block);
  return true;
}

static USE void unchecked(void) {
  volatile char *block = malloc(16);
  block[0] = 1;
  free((void *)block);
}

static USE void also_unchecked(void) {
  volatile char *block = calloc(2, 16);
  block[1] = 1;
  free((void *)block);
}

static USE void gives_up(void) {
  char *block = malloc(24);
  if (block == NULL) abort();
  free(block);
}

static USE void tries_less(void) {
  char *block = malloc(1 << 20);
  if (block == NULL) block = malloc(1 << 10);
  if (block == NULL) _exit(3);
  free(block);
}

static USE void loses(void) {
  static char *volatile first, *volatile second;
  first = malloc(40);
  second = malloc(41);
  if (second == NULL) {
    first = NULL; /* lost */
    return;
  }
  free(second);
  free(first);
}

static void leave_daemon(void) {
  pid_t pid = fork();
  if (pid == 0) {
    setsid();
    if (fork() == 0) nanosleep(&(struct timespec){120, 0}, NULL);
    _exit(0);
  }
  waitpid(pid, NULL, 0);
}

int main(int argc, char **argv) {
  char also = argc > 1 ? argv[1][0] : '-';
  if (also == 'd' || also == 'f') leave_daemon();
  if (also == 'f') close(open("/tmp/nomem-kill-file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  for (int i = 0; i < 10; i++)
    for (int depth = 0; depth < 12; depth++)
      if (!checked(depth)) return 1;
  unchecked();
  also_unchecked();
  gives_up();
  if (also == 's') tries_less();
  loses();
  return 0;
}
