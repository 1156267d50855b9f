/* SPDX-License-Identifier: MIT */
/* How a frame of the stack is laid out, by the unwind tables of its module: whether its size follows from where it is,
 * and where it keeps its caller's frame pointer. x86-64.
 *
 * Async-signal-safe, allocates nothing, takes no lock but what _Unwind_Find_FDE takes where the C library has no
 * _dl_find_object.
 */
#ifndef NOMEM_UNWIND_RULES_H
#define NOMEM_UNWIND_RULES_H

#include "injector.h"

/* Most words that a stack can be known by: see nomem__unwind_trail. */
#define NOMEM_TRAIL_WORDS (3 * NOMEM_DEPTH)

/* Lists the words of the stack that together make sure that it is the same stack when, at another time, the same code
 * has called from the same frame address and they hold what they hold now; and each of which lies in the stack if those
 * before it do hold that. address[i] is where frame i was left by its call, slot[i] where that address lies. Returns
 * their number, or -1 when no such words are known: a signal handler's stack, code without tables, rare kinds of frame.
 * What the tables say of an address is kept for as long as generation stays the same.
 *
 * A frame of a size that is fixed where it made its call needs one word: the address it returns to. One that only its
 * frame pointer gives (alloca, a variable array, or plain unoptimised code) needs the saved frame pointer before that.
 * The function called at cfa must itself have saved its caller's in the word below its return address: INJECT_CFLAGS
 * sees to that. */
NOMEM_HIDDEN int nomem__unwind_trail(uintptr_t cfa, const uintptr_t *address, const uintptr_t *slot, unsigned depth,
                                     uint64_t generation, const uintptr_t **words);

#endif
