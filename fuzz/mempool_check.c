/* SPDX-License-Identifier: MIT */
/* Fuzzes the pool's own check: a pool is laid out by hand, and sound; it is then damaged in one way, which the check
 * must find and name. What it must find is known, because one part of the pool at a time is made wrong.
 *
 * Input: up to 64 blocks of two bytes each, ended by a pair whose first byte is 255: the first byte is the size's high
 * bits and, lowest, whether it is in use, the second its low bits. Then any number of damages, each done to the sound
 * pool: kind, which block, value (2).
 */
#include <string.h>

#include "common/damaged_pool.h"
#include "common/fuzz.h"

enum { END = 255, DAMAGES_MAX = 64 };

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  struct fuzz_step step;
  if (!lay_out(&input)) return 0;
  int found = mempool__check(&sound.pool);
  CHECK(found == 0, "a sound pool is damaged: %d", found);
  sound.pool.high_water++; /* it was fuller before */
  CHECK(mempool__check(&sound.pool) == 0, "a pool that was fuller before is damaged");
  for (unsigned n = 0; n < DAMAGES_MAX && fuzz_next(&input, &step); n++) check_damage(step);
  return 0;
}
