/* SPDX-License-Identifier: MIT */
/* Trusts nothing that it has not checked, so that it reports damage instead of crashing. */
#include "mempool_internal.h"

/* A set of ids. It is compared with another by its size and the sum of its scrambled members. */
struct id_set {
  uint32_t count;
  uint64_t sum;
};

static void add(struct id_set *set, uint32_t id) {
  uint64_t scrambled = id * UINT64_C(0x9E3779B97F4A7C15);
  scrambled ^= scrambled >> 29;
  set->count++;
  set->sum += scrambled * UINT64_C(0xBF58476D1CE4E5B9);
}

static bool fits(const struct mempool__pool *pool, uint32_t id, uint32_t size) {
  return id >= 1 && id <= pool->granules && size >= 1 && size <= pool->granules + 1 - id;
}

/* Walks the blocks in the order of their addresses and collects the free ones. */
static int check_blocks(const struct mempool__pool *pool, struct id_set *free_blocks) {
  uint32_t sentinel = pool->granules + 1, previous_size = 0, in_use = 0, blocks = 0;
  bool previous_live = true;
  for (uint32_t id = 1; id != sentinel;) {
    const struct mempool__block *block = mempool__at(pool, id);
    bool live = mempool__is_live(pool, id);
    if (!fits(pool, id, block->size)) return MEMPOOL_BAD_SIZE;
    if (block->previous_size != previous_size) return MEMPOOL_BAD_PREVIOUS;
    if (!live && !previous_live) return MEMPOOL_UNJOINED;
    if (live) {
      in_use += block->size;
      blocks++;
    } else {
      add(free_blocks, id);
    }
    previous_live = live;
    previous_size = block->size;
    id += block->size;
  }
  const struct mempool__block *end = mempool__at(pool, sentinel);
  if (end->size != 0) return MEMPOOL_BAD_SIZE;
  if (end->previous_size != previous_size) return MEMPOOL_BAD_PREVIOUS;
  uint32_t marked = 0;
  for (uint32_t word = 0; word <= sentinel / 64; word++) marked += (uint32_t)__builtin_popcountll(pool->live[word]);
  if (!mempool__is_live(pool, sentinel) || marked != blocks + 1) return MEMPOOL_BAD_MAP;
  if (blocks != pool->blocks || in_use != pool->in_use || in_use > pool->high_water) return MEMPOOL_BAD_COUNTERS;
  return 0;
}

/* Checks one list of free blocks of one size. The number of blocks bounds a list that has become a circle. */
static int check_list(const struct mempool__pool *pool, uint32_t id, struct mempool__range range,
                      struct id_set *indexed) {
  uint32_t size = 0, previous = 0;
  for (; id; id = mempool__at(pool, id)->next) {
    if (id > pool->granules || indexed->count == pool->granules) return MEMPOOL_BAD_LINKS;
    const struct mempool__block *block = mempool__at(pool, id);
    if (mempool__is_live(pool, id) || block->previous != previous) return MEMPOOL_BAD_LINKS;
    if (!fits(pool, id, block->size)) return MEMPOOL_BAD_LINKS;
    if (block->size < range.low || block->size - range.low >= range.span) return MEMPOOL_BAD_CLASS;
    if (previous && block->size != size) return MEMPOOL_BAD_CLASS;
    add(indexed, id);
    previous = id;
    size = block->size;
  }
  return 0;
}

/* Each level halves the range, so this goes no deeper than a size has bits. A range of one size is a mere list. */
static int check_tree(const struct mempool__pool *pool, uint32_t id, uint32_t parent, struct mempool__range range,
                      struct id_set *indexed) {
  int damage = check_list(pool, id, range, indexed);
  if (damage) return damage;
  bool exact_class = parent == 0 && range.span == 1;
  if (exact_class) return 0;
  const struct mempool__block *node = mempool__at(pool, id);
  if (node->parent != parent) return MEMPOOL_BAD_LINKS;
  for (uint32_t side = 0; side < 2; side++) {
    if (!node->child[side]) continue;
    if (range.span == 1) return MEMPOOL_BAD_LINKS;
    uint32_t half = range.span / 2;
    struct mempool__range part = {range.low + side * half, half};
    damage = check_tree(pool, node->child[side], id, part, indexed);
    if (damage) return damage;
  }
  return 0;
}

int mempool__check(const struct mempool__pool *pool) {
  struct id_set free_blocks = {0, 0}, indexed = {0, 0};
  int damage = check_blocks(pool, &free_blocks);
  if (damage) return damage;
  for (uint32_t class = 0; class < MEMPOOL__CLASSES; class ++) {
    uint32_t row = class / MEMPOOL__COLUMNS;
    bool row_marked = pool->rows >> row & 1, marked = pool->columns[row] >> class % MEMPOOL__COLUMNS & 1;
    if (row_marked != (pool->columns[row] != 0) || marked != (pool->bins[class] != 0)) return MEMPOOL_BAD_INDEX;
    if (!marked) continue;
    damage = check_tree(pool, pool->bins[class], 0, mempool__class_range(class), &indexed);
    if (damage) return damage;
  }
  return indexed.count == free_blocks.count && indexed.sum == free_blocks.sum ? 0 : MEMPOOL_BAD_INDEX;
}
