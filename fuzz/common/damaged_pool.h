/* SPDX-License-Identifier: MIT */
/* A pool laid out by hand, and every kind of damage that its check must find: for the fuzz target mempool_check and the
 * unit test of that name. */
#ifndef NOMEM_FUZZ_DAMAGED_POOL_H
#define NOMEM_FUZZ_DAMAGED_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "mempool_internal.h"

enum { HAND_GRANULES = 8192, HAND_BLOCKS = 64, HAND_WORDS = HAND_GRANULES / 64 + 2 };

struct hand_pool {
  struct mempool__pool pool;
  unsigned count; /* of blocks */
  uint32_t ids[HAND_BLOCKS];
  uint64_t live[HAND_WORDS];
  _Alignas(MEMPOOL_ALIGNMENT) char memory[(HAND_GRANULES + 2) * MEMPOOL_ALIGNMENT];
};

/* Begins a pool without blocks. */
void hand_pool_begin(struct hand_pool *hand);

/* Adds a block at the end, where there is room for it. A free block behind a free one is made live. */
void hand_pool_add(struct hand_pool *hand, uint32_t size, bool live);

/* Ends the row of blocks, of which there must be one, and makes the index. The pool is then sound. */
void hand_pool_end(struct hand_pool *hand);

/* How many kinds of damage there are. */
unsigned hand_pool_kinds(void);

/* Does damage of one kind to a sound pool: to which of its blocks, and by how much, decide the other two. Returns what
 * the check must find, an enum mempool_damage; 0 when the pool has nothing of the kind that could be damaged, and is as
 * it was. */
int hand_pool_damage(struct hand_pool *hand, unsigned kind, unsigned which, uint32_t value);

#endif
