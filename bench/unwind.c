/* SPDX-License-Identifier: MIT */
/* What it takes to name one call stack of 32 frames: nomem's remembered stacks, nomem's real unwind, libunwind's
 * unw_backtrace and the C library's backtrace, in one process. In nanoseconds, the median of several rounds. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "inject/call_site.h"

#define DEPTH 32
#define ROUNDS 9
#define CALLS 20000

/* Found by dlopen: linked libunwind would replace the C library's backtrace by its own. */
static int (*unw_backtrace)(void **, int);
static struct nomem_channel *channel;

static double now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

__attribute__((noinline)) static void remembered(void) {
  nomem__site_find(channel, NOMEM_FN_MALLOC, 1, __builtin_return_address(0), __builtin_dwarf_cfa());
}

__attribute__((noinline)) static void unwound(void) {
  uintptr_t addresses[NOMEM_DEPTH], slots[NOMEM_DEPTH];
  nomem__site_unwind(__builtin_dwarf_cfa(), addresses, slots);
}

__attribute__((noinline)) static void by_libunwind(void) {
  void *frames[DEPTH];
  unw_backtrace(frames, DEPTH);
}

__attribute__((noinline)) static void by_libc(void) {
  void *frames[DEPTH];
  backtrace(frames, DEPTH);
}

__attribute__((noinline)) static double below(int depth, void (*name)(void), int calls) {
  double result = 0;
  if (depth > 0) {
    result = below(depth - 1, name, calls);
  } else {
    double started = now_ns();
    for (int i = 0; i < calls; i++) name();
    result = (now_ns() - started) / calls;
  }
  __asm__ volatile("" ::: "memory");
  return result;
}

static int by_value(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return a < b ? -1 : a > b;
}

int main(void) {
  static const struct {
    const char *name;
    void (*function)(void);
    int calls;
  } ways[] = {{"remembered (nomem)", remembered, CALLS},
              {"real unwind (nomem, once a site)", unwound, CALLS / 20},
              {"unw_backtrace (libunwind)", by_libunwind, CALLS / 10},
              {"backtrace (libc)", by_libc, CALLS / 20}};
  enum { WAYS = sizeof ways / sizeof *ways };
  static double values[WAYS][ROUNDS];
  void *libunwind = dlopen("libunwind.so.8", RTLD_NOW);
  if (libunwind != NULL) *(void **)&unw_backtrace = dlsym(libunwind, "unw_backtrace");
  channel = mmap(NULL, sizeof *channel, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (unw_backtrace == NULL || channel == MAP_FAILED || nomem__site_init() != 0) {
    fprintf(stderr, "unwind: libunwind.so.8 or memory is missing\n");
    return 2;
  }
  for (int round = 0; round < ROUNDS; round++)
    for (int way = 0; way < WAYS; way++) values[way][round] = below(DEPTH, ways[way].function, ways[way].calls);
  double first = 0;
  for (int way = 0; way < WAYS; way++) {
    qsort(values[way], ROUNDS, sizeof(double), by_value);
    double median = values[way][ROUNDS / 2];
    if (way == 0) first = median;
    printf("  %-34s %10.1f ns  (%.1f to %.1f)  %7.1f x\n", ways[way].name, median, values[way][0],
           values[way][ROUNDS - 1], median / first);
  }
  return 0;
}
