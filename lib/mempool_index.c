/* SPDX-License-Identifier: MIT */
/* Free blocks by size. Two levels of bitmaps lead to the class, as in two-level segregated fit. That scheme takes any
 * block of the next larger class, and fails a request that only its own class could serve. Here a class of several
 * sizes keeps its blocks in a binary tree, which branches on the bits of the size below those that the class
 * determines, the highest first. A node may have any size that its position allows, so every node is a block and the
 * tree needs no memory. The depth is at most the number of those bits: 26 for a pool of 64 GiB, 12 for one of 4 MiB,
 * and mostly 0 to 3. */
#include "mempool_internal.h"

/* Each size below this has its own class, which needs no tree. (The smallest blocks have no room for one.) */
#define EXACT_SIZES (2 * MEMPOOL__COLUMNS)

static uint32_t log2_of(uint32_t value) {
  return 31U - (uint32_t)__builtin_clz(value);
}

static uint32_t class_of(uint32_t size) {
  if (size < MEMPOOL__COLUMNS) return size;
  uint32_t log2 = log2_of(size);
  uint32_t column = size >> (log2 - MEMPOOL__COLUMNS_LOG2) & (MEMPOOL__COLUMNS - 1);
  return (log2 - MEMPOOL__COLUMNS_LOG2 + 1) * MEMPOOL__COLUMNS + column;
}

/* The path down the class's tree: the highest bit is the next branch. Only for sizes that share a class. */
static uint32_t path_of(uint32_t size) {
  return size << (32 + MEMPOOL__COLUMNS_LOG2 - log2_of(size));
}

static uint32_t branch(uint32_t path) {
  return path >> 31;
}

static void mark_class(struct mempool__pool *pool, uint32_t class) {
  pool->rows |= 1U << class / MEMPOOL__COLUMNS;
  pool->columns[class / MEMPOOL__COLUMNS] |= 1U << class % MEMPOOL__COLUMNS;
}

static void unmark_class(struct mempool__pool *pool, uint32_t class) {
  uint32_t row = class / MEMPOOL__COLUMNS;
  pool->columns[row] &= ~(1U << class % MEMPOOL__COLUMNS);
  if (pool->columns[row] == 0) pool->rows &= ~(1U << row);
}

/* The next larger class that has a block; 0, which is no class, when there is none. */
static uint32_t class_above(const struct mempool__pool *pool, uint32_t class) {
  uint32_t row = class / MEMPOOL__COLUMNS;
  uint32_t columns = pool->columns[row] & ~1U << class % MEMPOOL__COLUMNS;
  if (columns == 0) {
    uint32_t rows = pool->rows & ~1U << row;
    if (rows == 0) return 0;
    row = (uint32_t)__builtin_ctz(rows);
    columns = pool->columns[row];
  }
  return row * MEMPOOL__COLUMNS + (uint32_t)__builtin_ctz(columns);
}

static void insert_into_tree(struct mempool__pool *pool, uint32_t id, uint32_t *root) {
  struct mempool__block *block = mempool__at(pool, id);
  uint32_t *slot = root, parent = 0;
  for (uint32_t path = path_of(block->size); *slot && mempool__at(pool, *slot)->size != block->size; path <<= 1) {
    parent = *slot;
    slot = &mempool__at(pool, parent)->child[branch(path)];
  }
  if (!*slot) {
    *slot = id;
    block->child[0] = block->child[1] = 0;
    block->parent = parent;
    block->next = block->previous = 0;
    return;
  }
  /* Enters it behind the first block, which remains the node of the tree. */
  struct mempool__block *node = mempool__at(pool, *slot);
  block->next = node->next;
  block->previous = *slot;
  if (node->next) mempool__at(pool, node->next)->previous = id;
  node->next = id;
}

void mempool__index_insert(struct mempool__pool *pool, uint32_t id) {
  struct mempool__block *block = mempool__at(pool, id);
  uint32_t class = class_of(block->size);
  mark_class(pool, class);
  if (block->size >= EXACT_SIZES) {
    insert_into_tree(pool, id, &pool->bins[class]);
    return;
  }
  block->next = pool->bins[class];
  block->previous = 0;
  if (block->next) mempool__at(pool, block->next)->previous = id;
  pool->bins[class] = id;
}

/* Removes some leaf below this node from the tree and returns it; 0 when the node is itself a leaf. */
static uint32_t detach_leaf(struct mempool__pool *pool, uint32_t id) {
  uint32_t *slot = NULL, leaf = 0;
  for (struct mempool__block *node = mempool__at(pool, id); node->child[0] || node->child[1];) {
    slot = &node->child[node->child[1] != 0];
    leaf = *slot;
    node = mempool__at(pool, leaf);
  }
  if (slot) *slot = 0;
  return leaf;
}

/* Replaces a node by another block of its size, or else by any leaf below it. */
static void remove_node(struct mempool__pool *pool, uint32_t id, uint32_t *root) {
  struct mempool__block *block = mempool__at(pool, id);
  uint32_t heir = block->next ? block->next : detach_leaf(pool, id);
  struct mempool__block *parent = block->parent ? mempool__at(pool, block->parent) : NULL;
  uint32_t *slot = parent ? &parent->child[parent->child[1] == id] : root;
  *slot = heir;
  if (!heir) return;
  struct mempool__block *node = mempool__at(pool, heir);
  if (block->next) node->previous = 0;
  node->parent = block->parent;
  for (int side = 0; side < 2; side++) {
    node->child[side] = block->child[side];
    if (node->child[side]) mempool__at(pool, node->child[side])->parent = heir;
  }
}

void mempool__index_remove(struct mempool__pool *pool, uint32_t id) {
  struct mempool__block *block = mempool__at(pool, id);
  uint32_t class = class_of(block->size);
  if (block->previous) {
    mempool__at(pool, block->previous)->next = block->next;
    if (block->next) mempool__at(pool, block->next)->previous = block->previous;
    return;
  }
  if (block->size >= EXACT_SIZES) {
    remove_node(pool, id, &pool->bins[class]);
  } else {
    pool->bins[class] = block->next;
    if (block->next) mempool__at(pool, block->next)->previous = 0;
  }
  if (!pool->bins[class]) unmark_class(pool, class);
}

/* The node of the smallest (side 0) or largest (side 1) size in a tree. All sizes of the subtree on that side are more
 * extreme than all of the other, but a node may be more extreme than its children. */
static uint32_t outermost(const struct mempool__pool *pool, uint32_t id, int side) {
  uint32_t best = id;
  while (id) {
    const struct mempool__block *node = mempool__at(pool, id);
    uint32_t best_size = mempool__at(pool, best)->size;
    if (side ? node->size > best_size : node->size < best_size) best = id;
    id = node->child[side] ? node->child[side] : node->child[!side];
  }
  return best;
}

/* The node of the smallest size that is large enough, or 0. It is on the path of that size, or it is the smallest to
 * the right of where the path last went left. */
static uint32_t best_fit(const struct mempool__pool *pool, uint32_t id, uint32_t size) {
  uint32_t best = 0, best_size = UINT32_MAX, right = 0;
  for (uint32_t path = path_of(size); id; path <<= 1) {
    const struct mempool__block *node = mempool__at(pool, id);
    if (node->size == size) return id;
    if (node->size > size && node->size < best_size) {
      best = id;
      best_size = node->size;
    }
    if (branch(path) == 0 && node->child[1]) right = node->child[1];
    id = node->child[branch(path)];
  }
  if (!right) return best;
  right = outermost(pool, right, 0);
  return mempool__at(pool, right)->size < best_size ? right : best;
}

uint32_t mempool__index_find(const struct mempool__pool *pool, uint32_t size) {
  uint32_t class = class_of(size);
  uint32_t id = pool->bins[class];
  if (id && size >= EXACT_SIZES) id = best_fit(pool, id, size);
  if (!id) {
    class = class_above(pool, class);
    if (!class) return 0;
    id = pool->bins[class];
    if (mempool__at(pool, id)->size >= EXACT_SIZES) id = outermost(pool, id, 0);
  }
  const struct mempool__block *node = mempool__at(pool, id);
  return node->next ? node->next : id; /* removing a block behind the first does not change the tree */
}

uint32_t mempool__index_largest(const struct mempool__pool *pool) {
  if (!pool->rows) return 0;
  uint32_t row = log2_of(pool->rows);
  uint32_t id = pool->bins[row * MEMPOOL__COLUMNS + log2_of(pool->columns[row])];
  return mempool__at(pool, id)->size >= EXACT_SIZES ? outermost(pool, id, 1) : id;
}
