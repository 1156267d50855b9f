/* Prints the microseconds that a fork of a large process, its end and the wait for it take, without and in huge pages.
 *
 *   fork PAGES MEGABYTES [huge]     the fork writes to so many of its parent's pages, spread over so many megabytes;
 *                                   huge: which the kernel is asked to keep in huge pages
 *
 * The median of many, and no exec, ptrace or program between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

static double fork_once(volatile char *memory, size_t bytes, size_t pages) {
  double started = now_us();
  pid_t pid = fork();
  if (pid == 0) {
    for (size_t i = 0; i < pages; i++) memory[bytes / pages * i]++;
    _exit(0);
  }
  if (pid < 0 || waitpid(pid, NULL, 0) != pid) exit(2);
  return now_us() - started;
}

int main(int argc, char **argv) {
  size_t pages = argc > 1 ? strtoul(argv[1], NULL, 10) : 50, bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 2) << 20;
  if (pages == 0 || bytes < pages) return 2;
  char *memory = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 2;
  memory += HUGE_BYTES - (size_t)memory % HUGE_BYTES;
  madvise(memory, bytes, argc > 3 && strcmp(argv[3], "huge") == 0 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  memset(memory, 1, bytes);
  static double taken[FORKS];
  for (int i = 0; i < FORKS; i++) taken[i] = fork_once(memory, bytes, pages);
  qsort(taken, FORKS, sizeof *taken, by_value);
  printf("%.2f\n", taken[FORKS / 2]);
  return 0;
}
