/* SPDX-License-Identifier: MIT */
/* The hostile allocator: serves calls that do not fail in the least friendly way that the C standard allows. Each way
 * is a bit of enum nomem_hostile; the plan says which calls are served in which.
 *
 * Blocks stay those of the allocator under the backend, at its addresses: only what is in them, where realloc leaves
 * them, and what malloc(0) and errno are is changed. So a block that was served in this way is freed as any other,
 * after the plan is over, by a fork, and by a thread that is paused.
 *
 * Any thread, and a signal handler; allocates nothing by itself and takes no lock.
 */
#ifndef NOMEM_HOSTILE_H
#define NOMEM_HOSTILE_H

#include "injector.h"

/* The allocator under the backend. */
struct nomem__under {
  void *(*allocate)(size_t size);
  void *(*allocate_zeros)(size_t size);
  void *(*reallocate)(void *block, size_t size);
  void (*release)(void *block);
  size_t (*size_of)(void *block); /* how much a block in use can hold; NULL: nobody knows */
};

/* How much is written in all, from the beginning of a scope on, and how much of one block. A program that reallocates a
 * large block for each byte, or maps more than it ever touches, would otherwise take so long that it seemed to hang, or
 * all memory. Once the first bound is reached, blocks move and are filled only as far as that costs no more than the
 * call itself. */
#define NOMEM_HOSTILE_BYTES UINT64_C(1073741824)
#define NOMEM_HOSTILE_BLOCK_BYTES UINT64_C(1048576)
#define NOMEM_HOSTILE_LATE_BYTES UINT64_C(256)

/* What fresh and freed memory is filled with. As a pointer neither is one; as a number of any kind both are far from 0,
 * and as text they have no end. Freed memory looks as it does in quarantine: see ../block_table_format.h. */
#define NOMEM_HOSTILE_FRESH_BYTE 0xcd
#define NOMEM_HOSTILE_FREED_BYTE 0xdf

/* A new scope begins. */
NOMEM_HIDDEN void nomem__hostile_begin(void);

/* How this call, which does not fail, is served: bits of enum nomem_hostile, none but the possible ones. To be asked
 * once for each call, after nomem__fails. What the C library calls for itself is not served in ways that it does not
 * reckon with, because it knows its own allocator. block: what is freed, or reallocated; NULL: none. can_measure: the
 * backend knows how large blocks are. */
NOMEM_HIDDEN uint32_t nomem__hostile_ways_of(enum nomem_fn fn, const void *block, size_t size_bytes, bool can_measure,
                                             void *return_address, void *cfa);

static inline bool nomem__is_hostile(void) {
  return atomic_load_explicit(&nomem__mode, memory_order_relaxed) & NOMEM_MODE_HOSTILE;
}

/* The same, at the cost of a look at the mode where no plan asks for it. */
static inline uint32_t nomem__hostile_ways(enum nomem_fn fn, const void *block, size_t size_bytes, bool can_measure,
                                           void *return_address, void *cfa) {
  if (__builtin_expect(!nomem__is_hostile(), 1)) return 0;
  return nomem__hostile_ways_of(fn, block, size_bytes, can_measure, return_address, cfa);
}

/* Each serves a call in these ways, and leaves errno to nomem__hostile_end. A block of 0 bytes that is to be NULL is
 * the caller's business, who must not come here with it. */
NOMEM_HIDDEN void *nomem__hostile_allocate(const struct nomem__under *under, size_t size, uint32_t ways);
NOMEM_HIDDEN void *nomem__hostile_allocate_zeros(const struct nomem__under *under, size_t size, uint32_t ways);
NOMEM_HIDDEN void *nomem__hostile_reallocate(const struct nomem__under *under, void *block, size_t size, uint32_t ways);

/* Fills a block that is about to be freed. */
NOMEM_HIDDEN void nomem__hostile_release(const struct nomem__under *under, void *block, uint32_t ways);

/* Fills a block that was served by another function of the allocator, such as one with an alignment. NULL is allowed.
 */
NOMEM_HIDDEN void nomem__hostile_fill(const struct nomem__under *under, void *block, size_t size, uint32_t ways);

/* The last thing before the call returns. has_succeeded: it returns a block, or NULL that is no failure. */
NOMEM_HIDDEN void nomem__hostile_end(bool has_succeeded, uint32_t ways);

#endif
