/* SPDX-License-Identifier: MIT */
/* What main() held in its own frame when it returned. Right after that the exit handlers use the same part of the
 * stack, so the words are copied first. With a block table, the command then knows which blocks main() itself still
 * had: these are not lost.
 *
 * How large the frame is, the stacks of allocations tell: each word that main() keeps lies between where it called the
 * function that led to one, and where main() itself was called.
 */
#ifndef NOMEM_MAIN_FRAME_H
#define NOMEM_MAIN_FRAME_H

#include "injector.h"

/* Of a larger frame nothing is copied. */
#define NOMEM_MAIN_FRAME_WORDS 8192

struct nomem__main_frame {
  _Atomic uintptr_t caller;      /* the frame address of main()'s caller; 0: main() was not called yet */
  _Atomic uintptr_t lowest, end; /* the frame, as far as it is known; 0: it is not */
  uintptr_t copy[NOMEM_MAIN_FRAME_WORDS];
};

NOMEM_HIDDEN extern struct nomem__main_frame nomem__main_frame;

/* Looks for main()'s frame in the stack of an allocation: slot[i] is where the return address of frame i lies. */
NOMEM_HIDDEN void nomem__main_frame_see(const uintptr_t *slot, unsigned depth);

/* Copies the frame that main() has just left. It is part of the caller, because a call would write over that frame. */
__attribute__((always_inline)) static inline void nomem__main_frame_copy(void) {
  uintptr_t from = atomic_load(&nomem__main_frame.lowest), end = atomic_load(&nomem__main_frame.end);
  if (from == 0 || end - from > sizeof nomem__main_frame.copy) return;
  for (uintptr_t i = 0; from + i * sizeof(uintptr_t) < end; i++)
    nomem__main_frame.copy[i] = *(const volatile uintptr_t *)(from + i * sizeof(uintptr_t)); /* NOLINT: kept as one */
}

/* Where the copy lies, and its size; 0: there is none. */
NOMEM_HIDDEN uint64_t nomem__main_frame_memory(size_t *bytes);

#endif
