/* SPDX-License-Identifier: MIT */
/* Prints the nanoseconds that a malloc and its free take with the process's allocator.
 *
 *   pair [THREADS [DEPTH]]     called below DEPTH frames (default 0), in THREADS threads at once (default 1)
 *
 * The figure is the least of several series, so that other work of the machine matters little. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SERIES 20
#define PAIRS 200000

static double now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double measure(void) {
  double least = 1e18;
  for (int series = 0; series < SERIES; series++) {
    double started = now_ns();
    for (int i = 0; i < PAIRS; i++) {
      void *volatile block = malloc(64);
      free(block);
    }
    double each = (now_ns() - started) / PAIRS;
    if (each < least) least = each;
  }
  return least;
}

/* The empty statement keeps the compiler from making a loop of the recursion. */
__attribute__((noinline)) static double below(int depth) {
  double result = depth == 0 ? measure() : below(depth - 1);
  __asm__ volatile("" ::: "memory");
  return result;
}

static void *thread(void *argument) {
  double *result = argument;
  *result = below((int)*result);
  return NULL;
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 1, depth = argc > 2 ? atoi(argv[2]) : 0;
  enum { THREADS_MAX = 64 };
  pthread_t handles[THREADS_MAX];
  double results[THREADS_MAX], worst = 0;
  if (threads < 1 || threads > THREADS_MAX) return 2;
  for (int i = 0; i < threads; i++) {
    results[i] = depth;
    if (threads > 1 && pthread_create(&handles[i], NULL, thread, &results[i]) != 0) return 2;
    if (threads == 1) thread(&results[i]);
  }
  for (int i = 0; i < threads; i++) {
    if (threads > 1) pthread_join(handles[i], NULL);
    if (results[i] > worst) worst = results[i];
  }
  printf("%.3f\n", worst);
  return 0;
}
