/* SPDX-License-Identifier: MIT */
/* The pool used by several threads at once, under ThreadSanitizer: two allocate, resize, exchange and free blocks, two
 * read the statistics, the check, the sizes of blocks and what is said of wrong pointers. The first calls of all of
 * them meet, and make one pool.
 *
 * Header: how many rounds, and which of the readers' calls (a bit each). Step, of which each worker does every second:
 * op, slot, size (2).
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "common/fuzz.h"
#include "mempool.h"

enum { WORKERS = 2, READERS = 2, SLOTS = 8, STEPS_MAX = 64, ROUNDS_MAX = 16, SIZE_MAX_HERE = 4096 };

/* What runs in threads has no coverage counters: the sanitizer would report them. */
#ifdef __clang__
#define UNCOUNTED __attribute__((no_sanitize("coverage")))
#else
#define UNCOUNTED
#endif

static struct fuzz_step steps[STEPS_MAX];
static unsigned step_count, rounds, calls;
/* A block here belongs to whoever exchanges it. */
static _Atomic(uint8_t *) slots[SLOTS];
static atomic_uint working, misuses;
static pthread_barrier_t start;

UNCOUNTED static void note_misuse(enum mempool_misuse misuse, const void *ptr) {
  (void)ptr;
  CHECK(misuse == MEMPOOL_FOREIGN, "a pointer from elsewhere is misuse %d", (int)misuse);
  atomic_fetch_add(&misuses, 1);
}

/* The first byte of a block is its pattern, as far as it goes. */
UNCOUNTED static void fill(uint8_t *block, size_t size, uint8_t pattern) {
  if (block) memset(block, pattern, size);
}

UNCOUNTED static uint8_t *resized(uint8_t *block, size_t size, uint8_t pattern) {
  uint8_t kept = block ? block[0] : pattern;
  uint8_t *moved = mempool_realloc(block, size);
  if (!moved) return block;
  CHECK(!block || moved[0] == kept, "a block lost its contents when it was resized");
  return moved;
}

UNCOUNTED static void work(struct fuzz_step step) {
  size_t size = 1 + (((size_t)step.b << 8 | step.c) % SIZE_MAX_HERE);
  uint8_t *block = step.op & 1 ? mempool_malloc(size) : mempool_calloc(1, size);
  CHECK(block, "a pool of 64 MiB has no room for %zu bytes", size);
  if (step.op & 2) block = resized(block, size + step.c, step.a);
  fill(block, size, step.a);
  block = atomic_exchange(&slots[step.a % SLOTS], block);
  if (block && step.op & 4) block = resized(block, 1 + step.c, step.a);
  mempool_free(block);
}

UNCOUNTED static void *run_worker(void *argument) {
  unsigned mine = *(unsigned *)argument;
  pthread_barrier_wait(&start);
  for (unsigned round = 0; round < rounds; round++)
    for (unsigned n = mine; n < step_count; n += WORKERS) work(steps[n]);
  atomic_fetch_sub(&working, 1);
  return NULL;
}

/* What must be true at any moment, because the figures are those of one. */
UNCOUNTED static void check_stats(void) {
  struct mempool_stats stats;
  mempool_stats(&stats);
  CHECK((stats.blocks == 0) == (stats.in_use_bytes == 0), "%zu blocks have %zu bytes", stats.blocks,
        stats.in_use_bytes);
  CHECK(stats.in_use_bytes <= stats.high_water_bytes && stats.high_water_bytes <= stats.capacity_bytes,
        "%zu bytes are in use, at most %zu were, of %zu", stats.in_use_bytes, stats.high_water_bytes,
        stats.capacity_bytes);
  CHECK(stats.in_use_bytes + stats.largest_free <= stats.capacity_bytes, "%zu and %zu bytes are more than %zu",
        stats.in_use_bytes, stats.largest_free, stats.capacity_bytes);
}

UNCOUNTED static void check_misuse(void) {
  static uint8_t elsewhere[16];
  CHECK(mempool_usable_size(elsewhere) == 0, "a pointer from elsewhere has a size");
  mempool_free(elsewhere);
  CHECK(!mempool_realloc(elsewhere, 1), "a pointer from elsewhere was resized");
  CHECK(mempool_on_misuse(note_misuse) == note_misuse, "another handler was set");
}

UNCOUNTED static void check_busy(uint8_t *own) {
  static uint8_t memory[256];
  CHECK(mempool_init(memory, sizeof memory) == -EBUSY, "a second pool was made");
  CHECK(mempool_destroy() == -EBUSY, "a pool in use was ended");
  CHECK(mempool_usable_size(own) >= 1, "a block has no size");
}

UNCOUNTED static void *run_reader(void *unused) {
  (void)unused;
  pthread_barrier_wait(&start);
  uint8_t *own = mempool_malloc(1);
  CHECK(own, "a new pool has no room for a byte");
  do {
    check_stats();
    if (calls & 1) CHECK(mempool_check() == 0, "the pool is damaged");
    if (calls & 2) check_misuse();
    if (calls & 4) check_busy(own);
  } while (atomic_load(&working) > 0);
  mempool_free(own);
  return NULL;
}

static void run_threads(void) {
  pthread_t threads[WORKERS + READERS];
  unsigned numbers[WORKERS];
  pthread_barrier_init(&start, NULL, WORKERS + READERS);
  atomic_store(&working, WORKERS);
  for (unsigned i = 0; i < WORKERS + READERS; i++) {
    if (i < WORKERS) numbers[i] = i;
    int result =
        pthread_create(&threads[i], NULL, i < WORKERS ? run_worker : run_reader, i < WORKERS ? &numbers[i] : NULL);
    CHECK(result == 0, "there are no threads");
  }
  for (unsigned i = 0; i < WORKERS + READERS; i++) pthread_join(threads[i], NULL);
  pthread_barrier_destroy(&start);
}

static void end(void) {
  struct mempool_stats stats;
  for (unsigned s = 0; s < SLOTS; s++) mempool_free(atomic_exchange(&slots[s], NULL));
  mempool_stats(&stats);
  CHECK(
      stats.blocks == 0 && stats.largest_free == stats.capacity_bytes - MEMPOOL_OVERHEAD && stats.failed_requests == 0,
      "everything is freed, and %zu blocks are left, %zu bytes at once", stats.blocks, stats.largest_free);
  CHECK(mempool_check() == 0 && mempool_destroy() == 0, "an empty pool cannot be ended");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  rounds = 1 + fuzz_byte(&input) % ROUNDS_MAX;
  calls = fuzz_byte(&input);
  for (step_count = 0; step_count < STEPS_MAX && fuzz_next(&input, &steps[step_count]);) step_count++;
  atomic_store(&misuses, 0);
  mempool_on_misuse(note_misuse);
  run_threads();
  CHECK((atomic_load(&misuses) > 0) == ((calls & 2) != 0), "misuse was reported %u times", atomic_load(&misuses));
  end();
  return 0;
}
