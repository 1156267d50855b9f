/* SPDX-License-Identifier: MIT */
/* Runs a program once for each of its allocations, as people do it without a tool: posix_spawn and a preloaded counter.
 *
 *   naive COUNTER.so JOBS FIRST LAST STEP PROGRAM [ARG...]
 *
 * fails allocation FIRST, FIRST + STEP, ... LAST, JOBS programs at a time, and prints the milliseconds per run. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int start(char **argv, char **environment, char *entry, size_t entry_bytes, long fail_at) {
  posix_spawn_file_actions_t files;
  pid_t pid;
  snprintf(entry, entry_bytes, "NAIVE_FAIL_AT=%ld", fail_at);
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  int result = posix_spawnp(&pid, argv[0], &files, NULL, argv, environment);
  posix_spawn_file_actions_destroy(&files);
  return result;
}

int main(int argc, char **argv) {
  long jobs = argc < 7 ? 0 : atol(argv[2]), step = argc < 7 ? 0 : atol(argv[5]);
  if (jobs < 1 || step < 1) {
    fprintf(stderr, "usage: naive COUNTER.so JOBS FIRST LAST STEP PROGRAM [ARG...]\n");
    return 2;
  }
  char preload[4096], entry[64];
  snprintf(preload, sizeof preload, "LD_PRELOAD=%s", argv[1]);
  size_t count = 0;
  while (environ[count] != NULL) count++;
  char **environment = calloc(count + 3, sizeof *environment);
  if (environment == NULL) return 2;
  memcpy(environment, environ, count * sizeof *environ);
  environment[count] = preload;
  environment[count + 1] = entry;
  long last = atol(argv[4]), running = 0, runs = 0;
  double started = now_ms();
  for (long at = atol(argv[3]); at <= last; at += step, runs++) {
    if (running == jobs && wait(NULL) > 0) running--;
    if (start(argv + 6, environment, entry, sizeof entry, at) != 0) {
      runs = 0; /* an average of only some runs would be misleading */
      break;
    }
    running++;
  }
  while (running > 0 && wait(NULL) > 0) running--;
  free(environment);
  if (runs == 0) return 2;
  printf("%.4f\n", (now_ms() - started) / (double)runs);
  return 0;
}
