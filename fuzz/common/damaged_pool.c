/* SPDX-License-Identifier: MIT */
#include "damaged_pool.h"

#include <string.h>

/* A block in a tree has links in so many. */
enum { LINKED_GRANULES = (sizeof(struct mempool__block) + MEMPOOL_ALIGNMENT - 1) / MEMPOOL_ALIGNMENT + 1 };

static struct mempool__block *block_at(struct hand_pool *hand, uint32_t id) {
  return (struct mempool__block *)(void *)(hand->memory + id * MEMPOOL__GRANULE - MEMPOOL_OVERHEAD);
}

static void mark(struct hand_pool *hand, uint32_t id, bool live) {
  uint64_t bit = UINT64_C(1) << (id % 64);
  hand->live[id / 64] = live ? hand->live[id / 64] | bit : hand->live[id / 64] & ~bit;
}

static bool is_live(const struct hand_pool *hand, uint32_t id) {
  return hand->live[id / 64] >> (id % 64) & 1;
}

static uint32_t sentinel_of(const struct hand_pool *hand) {
  return hand->pool.granules + 1;
}

void hand_pool_begin(struct hand_pool *hand) {
  memset(hand, 0, sizeof *hand);
  hand->pool.base = hand->memory;
  hand->pool.live = hand->live;
}

void hand_pool_add(struct hand_pool *hand, uint32_t size, bool live) {
  struct mempool__pool *pool = &hand->pool;
  uint32_t id = pool->granules + 1;
  if (size == 0 || size > HAND_GRANULES - pool->granules || hand->count == HAND_BLOCKS) return;
  uint32_t previous = hand->count ? block_at(hand, hand->ids[hand->count - 1])->size : 0;
  if (hand->count && !is_live(hand, hand->ids[hand->count - 1])) live = true;
  block_at(hand, id)->previous_size = previous;
  block_at(hand, id)->size = size;
  mark(hand, id, live);
  if (live) pool->in_use += size;
  if (live) pool->blocks++;
  pool->granules += size;
  hand->ids[hand->count++] = id;
}

void hand_pool_end(struct hand_pool *hand) {
  struct mempool__pool *pool = &hand->pool;
  block_at(hand, sentinel_of(hand))->previous_size = block_at(hand, hand->ids[hand->count - 1])->size;
  mark(hand, sentinel_of(hand), true);
  pool->high_water = pool->in_use;
  for (unsigned i = 0; i < hand->count; i++)
    if (!is_live(hand, hand->ids[i])) mempool__index_insert(pool, hand->ids[i]);
}

/* The first block from the which-th on, going round, that is as it must be; 0 when there is none. */
static uint32_t choose(struct hand_pool *hand, unsigned which, bool (*is)(struct hand_pool *, uint32_t)) {
  for (unsigned i = 0; i < hand->count; i++) {
    uint32_t id = hand->ids[(which + i) % hand->count];
    if (is(hand, id)) return id;
  }
  return 0;
}

static bool is_any(struct hand_pool *hand, uint32_t id) {
  (void)hand;
  (void)id;
  return true;
}

static bool is_free(struct hand_pool *hand, uint32_t id) {
  return !is_live(hand, id);
}

static bool is_used(struct hand_pool *hand, uint32_t id) {
  return is_live(hand, id);
}

static bool is_long(struct hand_pool *hand, uint32_t id) {
  return block_at(hand, id)->size > 1;
}

static bool is_long_and_free(struct hand_pool *hand, uint32_t id) {
  return is_free(hand, id) && is_long(hand, id);
}

static bool has_free_neighbour(struct hand_pool *hand, uint32_t id) {
  const struct mempool__block *block = block_at(hand, id);
  if (!is_live(hand, id)) return false;
  return !is_live(hand, id + block->size) || (block->previous_size && !is_live(hand, id - block->previous_size));
}

static bool has_no_free_neighbour(struct hand_pool *hand, uint32_t id) {
  return is_live(hand, id) && !has_free_neighbour(hand, id);
}

/* The row of a size below 64 is one size to a class; of others a class is a tree. */
static bool is_node(struct hand_pool *hand, uint32_t id) {
  const struct mempool__block *block = block_at(hand, id);
  return is_free(hand, id) && block->size >= 2 * MEMPOOL__COLUMNS && !block->previous;
}

static bool has_child(struct hand_pool *hand, uint32_t id) {
  return is_node(hand, id) && (block_at(hand, id)->child[0] || block_at(hand, id)->child[1]);
}

static bool is_child(struct hand_pool *hand, uint32_t id) {
  return is_node(hand, id) && block_at(hand, id)->parent;
}

static uint32_t class_of_id(struct hand_pool *hand, uint32_t id) {
  uint32_t size = block_at(hand, id)->size;
  for (uint32_t class = 1; class < MEMPOOL__CLASSES; class ++) {
    struct mempool__range range = mempool__class_range(class);
    if (size >= range.low && size - range.low < range.span) return class;
  }
  return 0;
}

/* A node so deep that only its own size is left. */
static bool is_deepest(struct hand_pool *hand, uint32_t id) {
  if (!is_node(hand, id)) return false;
  uint32_t span = mempool__class_range(class_of_id(hand, id)).span;
  for (uint32_t up = block_at(hand, id)->parent; up; up = block_at(hand, up)->parent) span /= 2;
  return span == 1;
}

static bool is_followed(struct hand_pool *hand, uint32_t id) {
  return is_free(hand, id) && block_at(hand, id)->next;
}

typedef int (*damage_func)(struct hand_pool *hand, unsigned which, uint32_t value);

static int size_is_zero(struct hand_pool *hand, unsigned which, uint32_t value) {
  (void)value;
  block_at(hand, choose(hand, which, is_any))->size = 0;
  return MEMPOOL_BAD_SIZE;
}

static int size_reaches_beyond(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_any);
  block_at(hand, id)->size = hand->pool.granules + 2 - id + value % 3 * (UINT32_MAX / 4);
  return MEMPOOL_BAD_SIZE;
}

static int end_has_a_size(struct hand_pool *hand, unsigned which, uint32_t value) {
  (void)which;
  block_at(hand, sentinel_of(hand))->size = value | 1;
  return MEMPOOL_BAD_SIZE;
}

static int previous_size_is_wrong(struct hand_pool *hand, unsigned which, uint32_t value) {
  block_at(hand, choose(hand, which, is_any))->previous_size ^= 1U << value % 32;
  return MEMPOOL_BAD_PREVIOUS;
}

static int end_follows_another(struct hand_pool *hand, unsigned which, uint32_t value) {
  (void)which;
  block_at(hand, sentinel_of(hand))->previous_size ^= 1U << value % 32;
  return MEMPOOL_BAD_PREVIOUS;
}

/* Everything but the place is right: it is counted as free, and in the index. */
static void free_block(struct hand_pool *hand, uint32_t id) {
  mark(hand, id, false);
  hand->pool.blocks--;
  hand->pool.in_use -= block_at(hand, id)->size;
}

static int neighbours_are_free(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, has_free_neighbour);
  (void)value;
  if (!id) return 0;
  free_block(hand, id);
  mempool__index_insert(&hand->pool, id);
  return MEMPOOL_UNJOINED;
}

static int inside_is_marked(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_long);
  if (!id) return 0;
  mark(hand, id + 1 + value % (block_at(hand, id)->size - 1), true);
  return MEMPOOL_BAD_MAP;
}

static int outside_is_marked(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t sentinel = sentinel_of(hand), behind = sentinel + 1 + value % 64;
  mark(hand, which & 1 && behind / 64 == sentinel / 64 ? behind : 0, true);
  return MEMPOOL_BAD_MAP;
}

static int end_is_not_marked(struct hand_pool *hand, unsigned which, uint32_t value) {
  (void)which;
  mark(hand, sentinel_of(hand), false);
  if (value & 1) mark(hand, 0, true); /* as many marks as before */
  return MEMPOOL_BAD_MAP;
}

static int blocks_are_miscounted(struct hand_pool *hand, unsigned which, uint32_t value) {
  (void)which;
  hand->pool.blocks += value & 1 ? 1 : UINT32_MAX;
  return MEMPOOL_BAD_COUNTERS;
}

static int use_is_miscounted(struct hand_pool *hand, unsigned which, uint32_t value) {
  (void)which;
  hand->pool.in_use += value & 1 ? 1 : UINT32_MAX;
  hand->pool.high_water = UINT32_MAX;
  return MEMPOOL_BAD_COUNTERS;
}

static int high_water_is_too_low(struct hand_pool *hand, unsigned which, uint32_t value) {
  (void)which;
  if (!hand->pool.in_use) return 0;
  hand->pool.high_water = value % hand->pool.in_use;
  return MEMPOOL_BAD_COUNTERS;
}

static int free_block_is_missing(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_free);
  (void)value;
  if (!id) return 0;
  mempool__index_remove(&hand->pool, id);
  return MEMPOOL_BAD_INDEX;
}

static int freed_block_was_not_entered(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, has_no_free_neighbour);
  (void)value;
  if (!id) return 0;
  free_block(hand, id);
  return MEMPOOL_BAD_INDEX;
}

/* As many members as there are free blocks, one of them inside the block that is missing. */
static int inside_is_a_member(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_long_and_free);
  if (!id) return 0;
  uint32_t size = block_at(hand, id)->size, offset = 1 + value % (size - 1);
  mempool__index_remove(&hand->pool, id);
  block_at(hand, id + offset)->size = size - offset;
  mempool__index_insert(&hand->pool, id + offset);
  return MEMPOOL_BAD_INDEX;
}

static bool follows_a_long_block(struct hand_pool *hand, uint32_t id) {
  return is_free(hand, id) && block_at(hand, id)->previous_size > 1;
}

/* Two of them, one as far behind its block as the other is before its own: their numbers have the same sum. */
static int insides_are_members(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_long_and_free), other = choose(hand, which + 1 + value, follows_a_long_block);
  if (!id || !other || id == other) return 0;
  uint32_t size = block_at(hand, id)->size, before = block_at(hand, other)->previous_size;
  uint32_t offset = 1 + value % ((size < before ? size : before) - 1);
  mempool__index_remove(&hand->pool, id);
  mempool__index_remove(&hand->pool, other);
  block_at(hand, id + offset)->size = block_at(hand, other - offset)->size = 1;
  mempool__index_insert(&hand->pool, id + offset);
  mempool__index_insert(&hand->pool, other - offset);
  return MEMPOOL_BAD_INDEX;
}

static int member_reaches_beyond(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_long_and_free);
  if (!id || block_at(hand, id)->size <= LINKED_GRANULES) return 0;
  uint32_t inside = id + 1 + value % (block_at(hand, id)->size - LINKED_GRANULES);
  mempool__index_remove(&hand->pool, id);
  block_at(hand, inside)->size = sentinel_of(hand) - inside + 1;
  mempool__index_insert(&hand->pool, inside);
  return MEMPOOL_BAD_LINKS;
}

static int row_is_misread(struct hand_pool *hand, unsigned which, uint32_t value) {
  (void)which;
  hand->pool.rows ^= 1U << value % MEMPOOL__ROWS;
  return MEMPOOL_BAD_INDEX;
}

static int column_is_misread(struct hand_pool *hand, unsigned which, uint32_t value) {
  hand->pool.columns[which % MEMPOOL__ROWS] ^= 1U << value % MEMPOOL__COLUMNS;
  return MEMPOOL_BAD_INDEX;
}

static int class_is_empty(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_free);
  (void)value;
  if (!id) return 0;
  hand->pool.bins[class_of_id(hand, id)] = 0;
  return MEMPOOL_BAD_INDEX;
}

static int empty_class_has_a_block(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_any), class = value % MEMPOOL__CLASSES;
  if (hand->pool.bins[class]) return 0;
  hand->pool.bins[class] = id;
  return MEMPOOL_BAD_INDEX;
}

/* What is no free block: outside, or in use. */
static uint32_t wrong_link(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t used = choose(hand, which, is_used);
  return value & 1 && used ? used : sentinel_of(hand) + (value >> 1) % 3 * (UINT32_MAX / 4);
}

static int class_begins_wrongly(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_free);
  if (!id) return 0;
  hand->pool.bins[class_of_id(hand, id)] = wrong_link(hand, which, value);
  return MEMPOOL_BAD_LINKS;
}

static int next_is_wrong(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_free);
  if (!id) return 0;
  block_at(hand, id)->next = value % 4 == 2 ? id : wrong_link(hand, which, value);
  return MEMPOOL_BAD_LINKS;
}

static int previous_is_wrong(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_free);
  if (!id) return 0;
  block_at(hand, id)->previous ^= 1U << value % 32;
  return MEMPOOL_BAD_LINKS;
}

static int parent_is_wrong(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_node);
  if (!id) return 0;
  block_at(hand, id)->parent ^= 1U << value % 32;
  return MEMPOOL_BAD_LINKS;
}

static int child_is_wrong(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_node);
  if (!id) return 0;
  block_at(hand, id)->child[value >> 8 & 1] = wrong_link(hand, which, value);
  return MEMPOOL_BAD_LINKS;
}

static int deepest_has_a_child(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_deepest), other = choose(hand, which + value, is_free);
  if (!id || other == id) return 0;
  block_at(hand, id)->child[value & 1] = other;
  return MEMPOOL_BAD_LINKS;
}

static int child_is_lost(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, has_child);
  (void)value;
  if (!id) return 0;
  struct mempool__block *block = block_at(hand, id);
  block->child[block->child[1] != 0] = 0;
  return MEMPOOL_BAD_INDEX;
}

static int list_is_cut(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_followed);
  (void)value;
  if (!id) return 0;
  block_at(hand, id)->next = 0;
  return MEMPOOL_BAD_INDEX;
}

static int children_are_exchanged(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, has_child);
  (void)value;
  if (!id) return 0;
  struct mempool__block *block = block_at(hand, id);
  uint32_t kept = block->child[0];
  block->child[0] = block->child[1];
  block->child[1] = kept;
  return MEMPOOL_BAD_CLASS;
}

static int classes_are_exchanged(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_free), other = choose(hand, which + 1 + value, is_free);
  if (!id) return 0;
  uint32_t one = class_of_id(hand, id), two = class_of_id(hand, other), root = hand->pool.bins[one];
  if (one == two) return 0;
  hand->pool.bins[one] = hand->pool.bins[two];
  hand->pool.bins[two] = root;
  return MEMPOOL_BAD_CLASS;
}

/* A block of another size of its class, in the list of one size. */
static int list_has_two_sizes(struct hand_pool *hand, unsigned which, uint32_t value) {
  uint32_t id = choose(hand, which, is_child);
  (void)value;
  if (!id) return 0;
  uint32_t class = class_of_id(hand, id);
  mempool__index_remove(&hand->pool, id);
  struct mempool__block *first = block_at(hand, hand->pool.bins[class]), *block = block_at(hand, id);
  block->next = first->next;
  block->previous = hand->pool.bins[class];
  if (first->next) block_at(hand, first->next)->previous = id;
  first->next = id;
  return MEMPOOL_BAD_CLASS;
}

static const damage_func damages[] = {
    size_is_zero,
    size_reaches_beyond,
    end_has_a_size,
    previous_size_is_wrong,
    end_follows_another,
    neighbours_are_free,
    inside_is_marked,
    outside_is_marked,
    end_is_not_marked,
    blocks_are_miscounted,
    use_is_miscounted,
    high_water_is_too_low,
    free_block_is_missing,
    inside_is_a_member,
    member_reaches_beyond,
    row_is_misread,
    column_is_misread,
    class_is_empty,
    class_begins_wrongly,
    next_is_wrong,
    previous_is_wrong,
    parent_is_wrong,
    child_is_wrong,
    deepest_has_a_child,
    child_is_lost,
    list_is_cut,
    children_are_exchanged,
    classes_are_exchanged,
    list_has_two_sizes,
    empty_class_has_a_block,
    freed_block_was_not_entered,
    insides_are_members,
};

unsigned hand_pool_kinds(void) {
  return sizeof damages / sizeof damages[0];
}

int hand_pool_damage(struct hand_pool *hand, unsigned kind, unsigned which, uint32_t value) {
  return damages[kind % hand_pool_kinds()](hand, which, value);
}
