/* SPDX-License-Identifier: MIT */
#include "main_frame.h"

#include "forbidden_calls.h"

/* Between the frame address of main()'s caller and the return address below it lies little more than what the caller
 * saves. No other thread's stack is so near. */
#define CALLER_BYTES 512

struct nomem__main_frame nomem__main_frame;

void nomem__main_frame_see(const uintptr_t *slot, unsigned depth) {
  uintptr_t caller = atomic_load_explicit(&nomem__main_frame.caller, memory_order_relaxed);
  for (unsigned i = depth; i-- > 1 && caller != 0;) {
    if (slot[i] >= caller || caller - slot[i] > CALLER_BYTES) continue;
    uintptr_t lowest = atomic_load(&nomem__main_frame.lowest), here = slot[i - 1] + sizeof(uintptr_t);
    atomic_store(&nomem__main_frame.end, slot[i]);
    if (lowest == 0 || here < lowest) atomic_store(&nomem__main_frame.lowest, here);
    return;
  }
}

uint64_t nomem__main_frame_memory(size_t *bytes) {
  uintptr_t lowest = atomic_load(&nomem__main_frame.lowest), end = atomic_load(&nomem__main_frame.end);
  *bytes = lowest == 0 || end - lowest > sizeof nomem__main_frame.copy ? 0 : end - lowest;
  return *bytes == 0 ? 0 : (uintptr_t)nomem__main_frame.copy;
}
