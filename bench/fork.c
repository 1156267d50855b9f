/* SPDX-License-Identifier: MIT */
/* The lower bound of an exploration's speed on this machine: prints the microseconds that it takes to start a process,
 * to end it and to wait for it, the median of many.
 *
 *   fork PAGES MEGABYTES [huge]     a fork of a process of so many megabytes, which writes to so many of its pages,
 *                                   evenly spread; huge: the kernel is asked for huge pages
 *   fork spawn                      posix_spawn of /bin/true
 *   fork vfork                      what nomem starts programs by: isolation/vfork_process.h
 *
 * A program whose allocation failed writes to some 30 pages before it has reported that and ended. */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "explore/isolation/vfork_process.h"

#define FORKS 101
#define HUGE_BYTES ((size_t)2 << 20)

static double now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int by_value(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return a < b ? -1 : a > b;
}

/* What is forked: a process of so many bytes, which writes to so many pages of them. */
struct forked {
  volatile char *memory;
  size_t bytes, pages;
};

static pid_t fork_once(const struct forked *forked) {
  pid_t pid = fork();
  if (pid == 0) {
    for (size_t i = 0; i < forked->pages; i++) forked->memory[forked->bytes / forked->pages * i]++;
    _exit(0);
  }
  return pid;
}

static pid_t spawn_once(const struct forked *forked) {
  static char name[] = "true";
  char *argv[] = {name, NULL};
  pid_t pid;
  (void)forked;
  return posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) == 0 ? pid : -1;
}

static int end(void *user) {
  (void)user;
  return 0;
}

static pid_t vfork_once(const struct forked *forked) {
  (void)forked;
  return nomem__vfork_process(end, NULL);
}

static int measure(pid_t (*start)(const struct forked *forked), const struct forked *forked) {
  static double taken[FORKS];
  for (int i = 0; i < FORKS; i++) {
    double started = now_us();
    pid_t pid = start(forked);
    if (pid < 0 || waitpid(pid, NULL, 0) != pid) return 2;
    taken[i] = now_us() - started;
  }
  qsort(taken, FORKS, sizeof *taken, by_value);
  printf("%.2f\n", taken[FORKS / 2]);
  return 0;
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "vfork") == 0) return measure(vfork_once, NULL);
  if (argc > 1 && strcmp(argv[1], "spawn") == 0) return measure(spawn_once, NULL);
  size_t pages = argc > 1 ? strtoul(argv[1], NULL, 10) : 50, bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 2) << 20;
  if (bytes == 0 || bytes < pages) return 2;
  char *memory = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 2;
  memory += HUGE_BYTES - (size_t)memory % HUGE_BYTES;
  madvise(memory, bytes, argc > 3 && strcmp(argv[3], "huge") == 0 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  memset(memory, 1, bytes);
  return measure(fork_once, &(struct forked){memory, bytes, pages});
}
