/* SPDX-License-Identifier: MIT */
/* A mutator that knows what a step is. libFuzzer's own inserts and erases single bytes, which changes every step behind
 * them. This one moves, copies, removes and adds whole steps, and leaves the rest to libFuzzer's.
 */
#ifndef NOMEM_FUZZ_MUTATOR_H
#define NOMEM_FUZZ_MUTATOR_H

#include <string.h>

#include "fuzz.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#pragma weak LLVMFuzzerMutate /* the plain driver and AFL++ have none, and never call the mutator */

static inline uint32_t fuzz_random(uint32_t *random) {
  *random = *random * 1664525 + 1013904223;
  return *random >> 8;
}

/* Opens a gap for count steps before step at. Returns the gap, or NULL when there is no room. */
static inline uint8_t *fuzz_open_gap(uint8_t *steps, size_t *have, size_t room, size_t at, size_t count) {
  if (*have + count > room) return NULL;
  uint8_t *gap = steps + at * FUZZ_STEP_BYTES;
  memmove(gap + count * FUZZ_STEP_BYTES, gap, (*have - at) * FUZZ_STEP_BYTES);
  *have += count;
  return gap;
}

static inline void fuzz_add_step(uint8_t *steps, size_t *have, size_t room, uint32_t *random) {
  uint8_t *gap = fuzz_open_gap(steps, have, room, fuzz_random(random) % (*have + 1), 1);
  for (unsigned i = 0; gap && i < FUZZ_STEP_BYTES; i++) gap[i] = (uint8_t)(fuzz_random(random) % (i < 2 ? 64 : 256));
}

/* Copies a run of steps to another place: repetition fills pools and reaches counts. */
static inline void fuzz_repeat_steps(uint8_t *steps, size_t *have, size_t room, uint32_t *random) {
  uint8_t run[16 * FUZZ_STEP_BYTES];
  size_t from = fuzz_random(random) % *have, count = 1 + fuzz_random(random) % 16;
  if (count > *have - from) count = *have - from;
  memcpy(run, steps + from * FUZZ_STEP_BYTES, count * FUZZ_STEP_BYTES);
  uint8_t *gap = fuzz_open_gap(steps, have, room, fuzz_random(random) % (*have + 1), count);
  if (gap) memcpy(gap, run, count * FUZZ_STEP_BYTES);
}

static inline void fuzz_remove_steps(uint8_t *steps, size_t *have, uint32_t *random) {
  size_t from = fuzz_random(random) % *have, count = 1 + fuzz_random(random) % 4;
  if (count > *have - from) count = *have - from;
  uint8_t *gap = steps + from * FUZZ_STEP_BYTES;
  memmove(gap, gap + count * FUZZ_STEP_BYTES, (*have - from - count) * FUZZ_STEP_BYTES);
  *have -= count;
}

static inline void fuzz_swap_steps(uint8_t *steps, size_t have, uint32_t *random) {
  uint8_t *one = steps + fuzz_random(random) % have * FUZZ_STEP_BYTES;
  uint8_t *two = steps + fuzz_random(random) % have * FUZZ_STEP_BYTES;
  uint8_t kept[FUZZ_STEP_BYTES];
  memcpy(kept, one, sizeof kept);
  memmove(one, two, sizeof kept);
  memcpy(two, kept, sizeof kept);
}

/* For LLVMFuzzerCustomMutator. It makes at most steps_max steps, because no more are read. */
static inline size_t fuzz_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed, size_t header_bytes,
                                 size_t steps_max) {
  uint32_t random = seed;
  if (max_size > header_bytes + steps_max * FUZZ_STEP_BYTES) max_size = header_bytes + steps_max * FUZZ_STEP_BYTES;
  if (size > max_size) size = max_size;
  if (size < header_bytes + FUZZ_STEP_BYTES || fuzz_random(&random) % 4 == 0)
    return LLVMFuzzerMutate(data, size, max_size);
  uint8_t *steps = data + header_bytes;
  size_t have = (size - header_bytes) / FUZZ_STEP_BYTES, room = (max_size - header_bytes) / FUZZ_STEP_BYTES;
  switch (fuzz_random(&random) % 6) {
    case 0:
      fuzz_add_step(steps, &have, room, &random);
      break;
    case 1:
      fuzz_repeat_steps(steps, &have, room, &random);
      break;
    case 2:
      fuzz_remove_steps(steps, &have, &random);
      break;
    case 3:
      fuzz_swap_steps(steps, have, &random);
      break;
    case 4: /* the header decides under which conditions the steps run */
      if (header_bytes) data[fuzz_random(&random) % header_bytes] = (uint8_t)fuzz_random(&random);
      break;
    default: /* libFuzzer's own mutator, on one step: it knows the values that the target compares */
      LLVMFuzzerMutate(steps + fuzz_random(&random) % have * FUZZ_STEP_BYTES, FUZZ_STEP_BYTES, FUZZ_STEP_BYTES);
  }
  return header_bytes + have * FUZZ_STEP_BYTES;
}

#endif
