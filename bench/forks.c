/* What bounds an exploration on this machine, in microseconds: the median and the extremes of many rounds that take
 * turns. A fork that ends at once, and is waited for; one that writes to 32 pages first, about what a refused
 * allocation does before its program has said so and ended; and posix_spawn of /bin/true. */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 501
#define PAGES 32
#define PAGE_BYTES 4096
#define MEMORY_BYTES ((size_t)4 << 20) /* as much as a small program has */

static char *memory;

static double now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static pid_t fork_and_touch(int pages) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  for (int i = 0; i < pages; i++) memory[(size_t)i * PAGE_BYTES] = 2;
  _exit(0);
}

static pid_t spawn(int unused) {
  static char name[] = "true";
  char *argv[] = {name, NULL};
  pid_t pid;
  (void)unused;
  return posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) == 0 ? pid : -1;
}

static int by_value(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return a < b ? -1 : a > b;
}

int main(void) {
  static const struct {
    const char *name;
    pid_t (*start)(int pages);
    int pages;
  } ways[] = {{"fork, end, wait", fork_and_touch, 0},
              {"the same, and write to 32 pages", fork_and_touch, PAGES},
              {"posix_spawn of true, wait", spawn, 0}};
  enum { WAYS = sizeof ways / sizeof *ways };
  static double values[WAYS][ROUNDS];
  memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 2;
  memset(memory, 1, MEMORY_BYTES);
  for (int round = 0; round < ROUNDS; round++)
    for (int way = 0; way < WAYS; way++) {
      double started = now_us();
      pid_t pid = ways[way].start(ways[way].pages);
      if (pid < 0 || waitpid(pid, NULL, 0) != pid) return 2;
      values[way][round] = now_us() - started;
    }
  for (int way = 0; way < WAYS; way++) {
    qsort(values[way], ROUNDS, sizeof(double), by_value);
    printf("  %-34s %10.1f us  (%.1f to %.1f)\n", ways[way].name, values[way][ROUNDS / 2], values[way][0],
           values[way][ROUNDS - 1]);
  }
  return 0;
}
