/* SPDX-License-Identifier: MIT */
/* The layout of the pool, shared by mempool.c, mempool_index.c and mempool_check.c. Nothing here takes the lock. */
#ifndef NOMEM_LIB_MEMPOOL_INTERNAL_H
#define NOMEM_LIB_MEMPOOL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mempool.h"

/* Memory is counted in granules of the alignment. A block's id is the number of the first granule that its user sees;
 * the header is the half granule before that. Ids start at 1, so 0 means none, and four bytes can number 64 GiB: a
 * block in use costs one header, and the links of a small free block fit into a single granule. */
#define MEMPOOL__GRANULE ((size_t)MEMPOOL_ALIGNMENT)

struct mempool__block {
  /* First in memory: a single byte written past the block before is noticed when that block is freed. */
  uint32_t previous_size; /* of the block before, free or not; 0 in the first */
  uint32_t size;          /* in granules, the header included; 0 only in the sentinel behind the last block */
  /* While free, blocks of one size form a list... */
  uint32_t next, previous;
  /* ...and if the class holds other sizes, too, the first of the list is a node of the class's tree. */
  uint32_t child[2], parent;
};

_Static_assert(offsetof(struct mempool__block, next) == MEMPOOL_OVERHEAD, "a block's header is its overhead");
_Static_assert(offsetof(struct mempool__block, child) == MEMPOOL__GRANULE, "the smallest block holds list links");

/* Size classes: one for each size below 32 granules, then 32 to each power of two. */
#define MEMPOOL__COLUMNS_LOG2 5
#define MEMPOOL__COLUMNS (1U << MEMPOOL__COLUMNS_LOG2)
#define MEMPOOL__ROWS (32U - MEMPOOL__COLUMNS_LOG2 + 1)
#define MEMPOOL__CLASSES (MEMPOOL__ROWS * MEMPOOL__COLUMNS)

struct mempool__pool {
  char *base;        /* granule 0, whose second half is the first block's header */
  uint64_t *live;    /* one bit per granule: a block in use, or the sentinel, starts here */
  uint32_t granules; /* ids are 1..granules, the sentinel's is granules + 1; 0 when there is no pool */
  uint32_t rows;     /* bit r: columns[r] is not 0 */
  uint32_t columns[MEMPOOL__ROWS];
  uint32_t bins[MEMPOOL__CLASSES]; /* root of each class's tree, or head of its list */
  uint32_t in_use, high_water;     /* in granules */
  uint32_t blocks;
  size_t failed_requests;
  void *mapped; /* what was mapped for the pool, or NULL */
  size_t mapped_bytes;
};

static inline struct mempool__block *mempool__at(const struct mempool__pool *pool, uint32_t id) {
  return (struct mempool__block *)(pool->base + id * MEMPOOL__GRANULE - MEMPOOL_OVERHEAD);
}

static inline bool mempool__is_live(const struct mempool__pool *pool, uint32_t id) {
  return pool->live[id / 64] >> (id % 64) & 1;
}

/* The sizes of a class are low, low + 1, ... low + span - 1. */
struct mempool__range {
  uint32_t low, span;
};

static inline struct mempool__range mempool__class_range(uint32_t class) {
  uint32_t row = class / MEMPOOL__COLUMNS, column = class % MEMPOOL__COLUMNS;
  if (row == 0) return (struct mempool__range){column, 1};
  return (struct mempool__range){(MEMPOOL__COLUMNS + column) << (row - 1), 1U << (row - 1)};
}

/* The index of free blocks. A block's size must be set before insert and must not change until remove. */
void mempool__index_insert(struct mempool__pool *pool, uint32_t id);
void mempool__index_remove(struct mempool__pool *pool, uint32_t id);
/* One of the smallest blocks of at least size granules, or 0. */
uint32_t mempool__index_find(const struct mempool__pool *pool, uint32_t size);
/* One of the largest blocks, or 0. */
uint32_t mempool__index_largest(const struct mempool__pool *pool);

/* mempool_check on a pool that exists; the caller has the lock. */
int mempool__check(const struct mempool__pool *pool);

#endif
