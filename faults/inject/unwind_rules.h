/* SPDX-License-Identifier: MIT */
/* How a frame of the stack is laid out, by the unwind tables of its module: whether its size follows from the address
 * of its code, and where it keeps its caller's frame pointer. x86-64.
 *
 * Async-signal-safe, allocates nothing, takes no lock but what _Unwind_Find_FDE takes where the C library has no
 * _dl_find_object.
 */
#ifndef NOMEM_UNWIND_RULES_H
#define NOMEM_UNWIND_RULES_H

#include "injector.h"

/* At most so many words identify a stack: see nomem__unwind_trail. */
#define NOMEM_TRAIL_WORDS (3 * NOMEM_DEPTH)

/* Lists the words of the stack that identify it. When the same code calls at another time from the same frame address,
 * and these words have the same values, then it is the same stack. Each word is sure to lie in the stack if those
 * before it have their values. address[i] is where the call left frame i, slot[i] is where that address lies. Returns
 * the number of words, or -1 when no such words are known: for a signal handler's stack, code without tables, rare
 * kinds of frame. What the tables tell of an address is kept for as long as generation stays the same.
 *
 * A frame whose size is fixed at its call needs one word, its return address. A frame that only the frame pointer can
 * measure (alloca, a variable array, or unoptimised code) needs the saved frame pointer before that. The function
 * called at cfa must itself have saved its caller's frame pointer in the word below its return address: INJECT_CFLAGS
 * sees to that. */
NOMEM_HIDDEN int nomem__unwind_trail(uintptr_t cfa, const uintptr_t *address, const uintptr_t *slot, unsigned depth,
                                     uint64_t generation, const uintptr_t **words);

#endif
