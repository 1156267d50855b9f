/* SPDX-License-Identifier: MIT */
/* Where the pool meets the system: the limits of its size, memory that cannot be had or is given back, what it does
 * when nobody handles misuse, and what its headers say: the size of the block before, and their own, in granules. */
#ifndef NOMEM_FUZZ_POOL_EDGES_H
#define NOMEM_FUZZ_POOL_EDGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mempool.h"

/* Without a pool: the sizes around the smallest, in memory that begins skew bytes behind an aligned address, and around
 * the largest that a pool can have. */
void pool_check_limits(size_t skew);

/* Without a pool: while nothing can be mapped none is made. */
void pool_check_nothing_to_map(void);

/* Checks that there can be no second pool, and that this one does not end while so many blocks are in use. */
void pool_check_busy(size_t blocks);

/* Checks that the page of this address is not mapped any more. */
void pool_check_unmapped(const void *inside);

/* Frees ptr, which is misuse of this kind, by the handler that a program has when it sets none: checks that it aborts,
 * and what it writes before it does. handler is the one that is set before and after. */
void pool_check_default(void *ptr, enum mempool_misuse misuse, mempool_misuse_func handler);

/* Checks that there is no pool. */
void pool_check_none(void);

/* One of the sizes that mean something to a pool of pool bytes whose largest free block has largest: its own, and up to
 * the largest there is. */
size_t pool_odd_size(uint8_t which, size_t pool, size_t largest);

/* How many granules a pool must have at least, made in so many bytes at memory (NULL: mapped), whatever their
 * alignment: all that it gets, without those of its map, which has a bit for each and one more, and without one for
 * headers. */
size_t pool_granules_least(size_t bytes, const void *memory);

/* Where a pool is, the part of it that is looked at, and where both end. */
struct pool_extent {
  uint8_t *base, *first, *end;
};

/* A pointer that may be wrong: how says where it lies, inside, shortly before, behind (by as much as a pool's size), or
 * somewhere else. */
uint8_t *pool_odd_pointer(const struct pool_extent *extent, unsigned how, size_t offset);

/* Without a pool: a request that none can serve. */
void pool_check_too_large(size_t size);

/* In the place of pthread_atfork: fails in the program that the next one runs. */
int pool_handle_forks(void (*prepare)(void), void (*parent)(void), void (*child)(void));

/* Runs this program once more, which cannot have handlers of forks there, and checks that it has no pool. */
void pool_check_forks_refused(char *program);

/* Whether what lies where a wrong size leads says the same by chance. Then nobody can tell that it is wrong: the other
 * header may be what a user has written into a block. id: of the block, in granules from the pool's beginning. */
static inline bool pool_size_is_confirmed(const uint8_t *header, bool is_own, size_t size, uint32_t id,
                                          uint32_t pool_granules) {
  uint32_t other[2];
  if (size == 0 || (is_own ? size > pool_granules + 1 - id : size >= id)) return false;
  const uint8_t *at = is_own ? header + size * MEMPOOL_ALIGNMENT : header - size * MEMPOOL_ALIGNMENT;
  memcpy(other, at, sizeof other);
  return other[!is_own] == size;
}

#endif
