/* SPDX-License-Identifier: MIT */
#include "ring_leaks.h"

#include <stdlib.h>
#include <string.h>

#include "../text/memory.h"
#include "leak_rings.h"

/* So many words of a block are read at a time. */
#define WORDS 64

struct search {
  struct nomem__heap_blocks *blocks;
  const struct nomem__process_image *image;
  const struct nomem_channel *channel;
  uint64_t bytes_left; /* to read */
  size_t *pending;     /* blocks whose contents have not been read yet */
  size_t pending_count;
};

/* Reads words from an address on, up to an end. Returns how many. */
static size_t read_words(const struct search *search, uint64_t address, uint64_t end, uint64_t words[WORDS]) {
  uint64_t left = end > address ? (end - address) / sizeof *words : 0;
  uint64_t bytes = (left < WORDS ? left : WORDS) * sizeof *words, copied = bytes;
  const unsigned char *copy = nomem__heap_blocks_copy_at(search->blocks, address, &copied);
  if (copy == NULL || copied < bytes) return search->image->read(search->image, address, words, bytes) / sizeof *words;
  memcpy(words, copy, bytes);
  return bytes / sizeof *words;
}

/* The next leaked block that a leaked one points to, for leak_rings.h. */
static size_t next_leaked(void *user, size_t number, uint64_t *cursor) {
  struct search *search = user;
  const struct nomem__heap_block *from = &search->blocks->list[number];
  const uint64_t start = (from->address + 7) & ~UINT64_C(7);
  uint64_t words[WORDS];
  size_t count;
  if (*cursor == 0) {
    if (from->size > search->bytes_left) return NOMEM_LEAK_NONE;
    search->bytes_left -= from->size;
  }
  while ((count = read_words(search, start + *cursor, from->address + from->size, words)) > 0)
    for (size_t i = 0; i < count; i++) {
      *cursor += sizeof *words;
      const struct nomem__heap_block *to = nomem__heap_blocks_find(search->blocks, words[i]);
      if (to != NULL && to != from && !to->is_reachable) return (size_t)(to - search->blocks->list);
    }
  return NOMEM_LEAK_NONE;
}

/* Finds the leaked blocks to which no block leads that is leaked directly. Returns how many there are. */
static size_t find_unled(struct search *search, const struct nomem__leak_graph *graph, unsigned char *is_unled) {
  size_t next, unled = 0;
  for (size_t i = 0; i < graph->count; i++) {
    const struct nomem__heap_block *block = &search->blocks->list[i];
    is_unled[i] = !block->is_reachable && block->is_indirect;
    if (!block->is_reachable && !block->is_indirect) search->pending[search->pending_count++] = i;
  }
  while (search->pending_count > 0) {
    uint64_t cursor = 0;
    size_t number = search->pending[--search->pending_count];
    while ((next = graph->next(graph->user, number, &cursor)) != NOMEM_LEAK_NONE)
      if (is_unled[next]) {
        is_unled[next] = 0;
        search->pending[search->pending_count++] = next;
      }
  }
  for (size_t i = 0; i < graph->count; i++) unled += is_unled[i];
  return unled;
}

/* How many calls, from the outermost one on, led both to the allocation of a block and to the first fault. */
static uint32_t count_common_calls(const struct search *search, const struct nomem__heap_block *block) {
  const struct nomem_fault *fault = &search->channel->faults[0];
  if (block->site >= NOMEM_BLOCK_TABLE_NO_SITE) return 0;
  const struct nomem_site *site = &search->channel->sites[block->site];
  uint32_t count = 0;
  if (site->depth >= NOMEM_DEPTH || fault->depth >= NOMEM_DEPTH) return 0; /* the outermost calls are not known */
  while (count < site->depth && count < fault->depth &&
         site->frame[site->depth - 1 - count] == fault->frame[fault->depth - 1 - count])
    count++;
  return count;
}

/* Whether a block of a ring was allocated nearer to the first fault than another one: by its call stack or else later.
 */
static bool is_nearer(const struct search *search, const struct nomem__heap_block *block,
                      const struct nomem__heap_block *other) {
  uint32_t one = count_common_calls(search, block), two = count_common_calls(search, other);
  return one != two ? one > two : block->site > other->site;
}

/* Without a fault all blocks of a ring count, whichever it will be. */
void nomem__ring_leaks_mark(struct nomem__heap_blocks *blocks, const struct nomem__process_image *image,
                            const struct nomem_channel *channel, uint64_t bytes_max) {
  struct search search = {.blocks = blocks, .image = image, .channel = channel, .bytes_left = bytes_max};
  const struct nomem__leak_graph graph = {blocks->count, next_leaked, &search};
  bool has_fault = channel->fault_count > 0 && channel->faults[0].ready;
  unsigned char *is_unled = nomem__calloc(graph.count + 1, sizeof *is_unled);
  uint32_t *rings = nomem__calloc(graph.count + 1, sizeof *rings);
  size_t *nearest = nomem__calloc(graph.count + 1, sizeof *nearest); /* by ring, the number of a block plus 1 */
  search.pending = nomem__calloc(graph.count + 1, sizeof *search.pending);
  if (find_unled(&search, &graph, is_unled) > 0) nomem__leak_rings_find(&graph, is_unled, rings);
  for (size_t i = 0; i < graph.count; i++) {
    size_t *best = &nearest[rings[i]];
    if (rings[i] == 0) continue;
    if (!has_fault) blocks->list[i].is_indirect = false;
    if (*best == 0 || is_nearer(&search, &blocks->list[i], &blocks->list[*best - 1])) *best = i + 1;
  }
  for (size_t i = 1; i <= graph.count; i++)
    if (nearest[i] != 0) blocks->list[nearest[i] - 1].is_indirect = false;
  free(search.pending);
  free(nearest);
  free(rings);
  free(is_unled);
}
