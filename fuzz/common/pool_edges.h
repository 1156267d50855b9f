/* SPDX-License-Identifier: MIT */
/* Where the pool meets the system: the limits of its size, memory that cannot be had or is given back, and what it does
 * when nobody handles misuse. */
#ifndef NOMEM_FUZZ_POOL_EDGES_H
#define NOMEM_FUZZ_POOL_EDGES_H

#include <stddef.h>
#include <stdint.h>

#include "mempool.h"

/* Without a pool: the sizes around the smallest, in memory that begins skew bytes behind an aligned address, and around
 * the largest that a pool can have. */
void pool_check_limits(size_t skew);

/* Without a pool: while nothing can be mapped none is made. */
void pool_check_nothing_to_map(void);

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

#endif
