/* SPDX-License-Identifier: MIT */
/* Gets by without memory, with other output than before: for another reason, or having said why. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* How many runs there were before this one: each leaves a byte in a file. */
static long earlier_runs(void) {
  int fd = open("runs", O_WRONLY | O_CREAT | O_APPEND, 0600);
  long runs = lseek(fd, 0, SEEK_END);
  if (write(fd, "x", 1) != 1) abort();
  close(fd);
  return runs;
}

int main(void) {
  static char buffer[4096];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  long runs = earlier_runs();
  char *copy = malloc(100);
  (void)runs;
#if defined RANDOM
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("%ld\n", now.tv_nsec);
#elif defined LATE
  puts(runs < 2 ? "early" : "late"); /* two baselines */
#elif defined REPORTED
  puts(copy != NULL ? "ok 1 - copy" : "not ok 1 - copy # no memory");
#elif defined FLAKY
  if (copy == NULL && runs < 4) abort(); /* two baselines and two points: not when it is tried again */
#endif
  free(copy);
  return 0;
}
