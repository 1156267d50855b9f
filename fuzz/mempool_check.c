/* SPDX-License-Identifier: MIT */
/* Fuzzes the pool's own check: a pool is laid out by hand, and sound; it is then damaged in one way, which the check
 * must find and name. What it must find is known, because one part of the pool at a time is made wrong. The index of
 * its free blocks is asked for every size of interest, while blocks leave it and come back.
 *
 * Input: up to 64 blocks of two bytes each, ended by a pair whose first byte is 255: the first byte is the size's high
 * bits and, lowest, whether it is in use, the second its low bits. Then any number of damages, each done to the sound
 * pool: kind, which block, value (2).
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/damaged_pool.h"
#include "common/fuzz.h"

enum { END = 255, DAMAGES_MAX = 64, CHANGES_MAX = 8 };

static struct hand_pool sound, damaged;

static bool lay_out(struct fuzz_input *input) {
  hand_pool_begin(&sound);
  for (unsigned i = 0; i < HAND_BLOCKS && input->end - input->at >= 2; i++) {
    uint8_t high = fuzz_byte(input), low = fuzz_byte(input);
    if (high == END) break;
    hand_pool_add(&sound, ((uint32_t)(high >> 1) << 8 | low) % 2048, high & 1);
  }
  if (sound.count == 0) return false;
  hand_pool_end(&sound);
  return true;
}

/* The copy points to its own parts. */
static void copy_sound(void) {
  memcpy(&damaged, &sound, offsetof(struct hand_pool, memory) + (sound.pool.granules + 2) * MEMPOOL__GRANULE);
  damaged.pool.base = damaged.memory;
  damaged.pool.live = damaged.live;
}

static void check_damage(struct fuzz_step step) {
  copy_sound();
  int wanted = hand_pool_damage(&damaged, step.op, step.a, (uint32_t)step.b << 8 | step.c);
  int found = mempool__check(&damaged.pool);
  CHECK(found == wanted, "damage of kind %u must be found as %d, and is as %d", step.op % hand_pool_kinds(), wanted,
        found);
}

/* The index finds one of the smallest free blocks that are large enough, and one of the largest, and no block that is
 * not in it. */
FUZZ_FAST static void check_find(const struct hand_pool *hand, uint32_t size, uint32_t missing) {
  uint32_t best = 0, largest = 0;
  for (unsigned i = 0; i < hand->count; i++) {
    uint32_t id = hand->ids[i], has = mempool__at(&hand->pool, id)->size;
    if (mempool__is_live(&hand->pool, id) || id == missing) continue;
    if (has >= size && (!best || has < best)) best = has;
    if (has > largest) largest = has;
  }
  uint32_t found = mempool__index_find(&hand->pool, size), last = mempool__index_largest(&hand->pool);
  uint32_t found_size = found ? mempool__at(&hand->pool, found)->size : 0;
  uint32_t last_size = last ? mempool__at(&hand->pool, last)->size : 0;
  CHECK(found_size == best && (!found || found != missing), "for %u granules a block of %u is found, not one of %u",
        size, found_size, best);
  CHECK(last_size == largest && (!last || last != missing), "the largest block has %u granules, not %u", last_size,
        largest);
}

/* Also the sizes between those that there are. */
static void check_finds(const struct hand_pool *hand, uint32_t missing) {
  for (unsigned i = 0; i < hand->count; i++) {
    uint32_t size = mempool__at(&hand->pool, hand->ids[i])->size;
    if (size > 1) check_find(hand, size - 1, missing);
    check_find(hand, size, missing);
    check_find(hand, size + 1, missing);
  }
}

/* Free blocks leave the index one by one, and come back in another order. */
static void check_changes(struct fuzz_step step) {
  uint32_t out[3];
  unsigned count = 0;
  copy_sound();
  for (unsigned i = 0; i < damaged.count && count < 3; i++) {
    uint32_t id = damaged.ids[(step.a + i * (step.b | 1)) % damaged.count];
    bool is_out = mempool__is_live(&damaged.pool, id);
    for (unsigned o = 0; o < count; o++) is_out |= out[o] == id;
    if (is_out) continue;
    out[count++] = id;
    mempool__index_remove(&damaged.pool, id);
    if (count == 1) check_finds(&damaged, id);
  }
  for (unsigned i = 0; i < count; i++) mempool__index_insert(&damaged.pool, out[(i + step.c) % count]);
  CHECK(mempool__check(&damaged.pool) == 0, "the index is damaged after %u blocks were taken out and put back", count);
  check_finds(&damaged, 0);
}

/* Most of a map of half a gibibyte, in which nothing is marked, is one piece of memory again and again. */
static void share_zeros(char *map, size_t bytes) {
  const size_t piece = (size_t)1 << 21;
  int file = memfd_create("zeros", 0);
  CHECK(file >= 0 && ftruncate(file, (off_t)piece) == 0, "no memory for zeros");
  for (size_t at = 0; at + piece <= bytes; at += piece)
    CHECK(mmap(map + at, piece, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED, "zeros cannot be mapped");
  close(file);
}

/* The largest pool of all, one free block, of which nearly nothing is ever touched. */
static void check_largest(void) {
  const size_t all = MEMPOOL_BYTES_MAX / MEMPOOL__GRANULE, map_bytes = (all / 64 + 2) * sizeof(uint64_t);
  const uint32_t granules = (uint32_t)(all - map_bytes / MEMPOOL__GRANULE - 2);
  char *memory =
      mmap(NULL, MEMPOOL_BYTES_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return; /* then no program here has one */
  share_zeros(memory, granules / 64 * sizeof(uint64_t));
  struct mempool__pool pool = {.base = memory + map_bytes, .live = (uint64_t *)(void *)memory, .granules = granules};
  mempool__at(&pool, 1)->size = mempool__at(&pool, granules + 1)->previous_size = granules;
  pool.live[(granules + 1) / 64] = UINT64_C(1) << (granules + 1) % 64;
  mempool__index_insert(&pool, 1);
  int found = mempool__check(&pool);
  CHECK(found == 0, "the largest pool is damaged: %d", found);
  CHECK(mempool__index_find(&pool, granules) == 1 && mempool__index_largest(&pool) == 1, "its one block is not found");
  CHECK(mempool__index_find(&pool, granules + 1) == 0, "a block is larger than the pool");
  munmap(memory, MEMPOOL_BYTES_MAX);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  check_largest();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  struct fuzz_step step;
  if (!lay_out(&input)) return 0;
  int found = mempool__check(&sound.pool);
  CHECK(found == 0, "a sound pool is damaged: %d", found);
  sound.pool.high_water++; /* it was fuller before */
  CHECK(mempool__check(&sound.pool) == 0, "a pool that was fuller before is damaged");
  for (unsigned n = 0; n < DAMAGES_MAX && fuzz_next(&input, &step); n++) {
    check_damage(step);
    if (n < CHANGES_MAX) check_changes(step);
  }
  return 0;
}
