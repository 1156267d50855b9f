/* SPDX-License-Identifier: MIT */
/* A test that computes: N allocations from one call site in a loop, with MS milliseconds of work spread between them.
 * It gives up at the first failure, as tests do.
 *
 *   steps N MS */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* The number of rounds that take a millisecond on this machine. */
static unsigned long calibrate(void) {
  volatile unsigned long sum = 0;
  unsigned long rounds = 0;
  for (double started = now_ms(); now_ms() - started < 1;)
    for (int i = 0; i < 1000; i++, rounds++) sum += rounds;
  return rounds;
}

int main(int argc, char **argv) {
  long steps = argc > 1 ? atol(argv[1]) : 1000, ms = argc > 2 ? atol(argv[2]) : 0;
  if (steps < 1) return 2;
  unsigned long rounds = ms > 0 ? calibrate() * (unsigned long)ms / (unsigned long)steps : 0;
  volatile unsigned long sum = 0;
  for (long step = 0; step < steps; step++) {
    void *block = malloc(32);
    for (unsigned long i = 0; i < rounds; i++) sum += i;
    if (block == NULL) {
      fprintf(stderr, "step %ld: out of memory\n", step);
      return 1;
    }
    free(block);
  }
  return 0;
}
