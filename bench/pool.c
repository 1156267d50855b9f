/* SPDX-License-Identifier: MIT */
/* Nanoseconds for one free and one malloc of random size while so many blocks are live: the pool compared with the C
 * library. The number of steps does not grow with the number of blocks, but their memory outgrows the caches: the last
 * column shows this effect alone, as the time of one read that has to wait for the one before. Each figure is the
 * median of rounds that take turns, so that a change of the machine's speed affects all of them. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mempool.h"

#define POOL_BYTES ((size_t)256 << 20)
#define BLOCKS_MAX 262144
#define ROUNDS 9
#define PAIRS 100000

struct allocator {
  void *(*malloc)(size_t size);
  void (*free)(void *ptr);
  void **blocks;
};

static uint64_t random_state = 1;

static uint32_t next_random(void) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(random_state >> 33);
}

/* 16 bytes to 2 KiB, small ones more often. */
static size_t random_size(void) {
  uint32_t random = next_random();
  return 16 + (random >> 8) % ((size_t)32 << random % 7);
}

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void *checked(void *block) {
  if (block) return block;
  fprintf(stderr, "bench/pool: out of memory\n");
  exit(1);
}

/* Writes to the block, as a caller would: both allocators then pay for the cache miss. */
static void renew(const struct allocator *allocator, size_t live, size_t pairs) {
  for (size_t i = 0; i < pairs; i++) {
    void **slot = &allocator->blocks[next_random() % live];
    allocator->free(*slot);
    *slot = checked(allocator->malloc(random_size()));
    *(char *)*slot = 1;
  }
}

/* Reads random blocks one after the other: the next one depends on what was read. */
static void read_in_turn(const struct allocator *allocator, size_t live, size_t reads) {
  unsigned char before = 0;
  for (size_t i = 0; i < reads; i++) {
    before = *(volatile unsigned char *)allocator->blocks[(next_random() + before) % live];
  }
}

static double timed(void (*work)(const struct allocator *, size_t, size_t), const struct allocator *allocator,
                    size_t live) {
  double start = now_ns();
  work(allocator, live, PAIRS);
  return (now_ns() - start) / PAIRS;
}

static int by_value(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static double median(double figures[ROUNDS]) {
  qsort(figures, ROUNDS, sizeof(*figures), by_value);
  return figures[ROUNDS / 2];
}

static void measure(struct allocator allocators[2], size_t live) {
  double figures[3][ROUNDS];
  for (int a = 0; a < 2; a++) {
    for (size_t i = 0; i < live; i++) allocators[a].blocks[i] = checked(allocators[a].malloc(random_size()));
    renew(&allocators[a], live, live * 2); /* fragments the heap */
  }
  for (int round = 0; round < ROUNDS; round++) {
    for (int a = 0; a < 2; a++) figures[a][round] = timed(renew, &allocators[a], live);
    figures[2][round] = timed(read_in_turn, &allocators[0], live);
  }
  struct mempool_stats stats;
  mempool_stats(&stats);
  printf("%8zu %14.1f %12.1f %14.1f %16.1f\n", live, (double)stats.in_use_bytes / (1 << 20), median(figures[0]),
         median(figures[1]), median(figures[2]));
  for (int a = 0; a < 2; a++) {
    for (size_t i = 0; i < live; i++) allocators[a].free(allocators[a].blocks[i]);
  }
}

int main(void) {
  struct allocator allocators[2] = {{mempool_malloc, mempool_free, NULL}, {malloc, free, NULL}};
  if (mempool_init(NULL, POOL_BYTES)) {
    fprintf(stderr, "bench/pool: cannot map %zu bytes: free some memory\n", POOL_BYTES);
    return 1;
  }
  for (int a = 0; a < 2; a++) allocators[a].blocks = checked(calloc(BLOCKS_MAX, sizeof(void *)));
  printf("pool: ns per free + malloc, median of %d rounds of %d\n", ROUNDS, PAIRS);
  printf("%8s %14s %12s %14s %16s\n", "blocks", "MiB in use", "pool ns", "C library ns", "one read ns");
  for (size_t live = 16; live <= BLOCKS_MAX; live *= 4) measure(allocators, live);
  return mempool_check() || mempool_destroy();
}
