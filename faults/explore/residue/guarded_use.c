/* SPDX-License-Identifier: MIT */
#include "guarded_use.h"

#include <signal.h>

#include "../../block_table_format.h"

/* How many blocks begin at the address or below it. */
static size_t count_up_to(const struct nomem__heap_residue *heap, uint64_t address) {
  size_t low = 0, high = heap->guarded_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (heap->guarded[middle].address <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static uint64_t first_page(const struct nomem__guarded *block) {
  return block->address & ~(NOMEM_GUARDED_PAGE - 1);
}

/* How far the address lies behind the block; UINT64_MAX: further than the page that nobody may touch. */
static uint64_t behind(const struct nomem__guarded *block, uint64_t address) {
  uint64_t guard_end = nomem__guarded_end(block->address, block->size) + NOMEM_GUARDED_PAGE;
  if (address >= guard_end) return UINT64_MAX;
  uint64_t end = block->address + block->size;
  return address > end ? address - end : 0;
}

/* The same before it: on its own pages, or on the page before them if it begins where they do. */
static uint64_t before(const struct nomem__guarded *block, uint64_t address) {
  uint64_t first = first_page(block), reach = block->address == first ? NOMEM_GUARDED_PAGE : 0;
  return address >= first - reach ? block->address - address : UINT64_MAX;
}

/* Whether the block was in use, and the address is one that it may be used at: then the program has protected it. */
static bool is_usable(const struct nomem__guarded *block, uint64_t address) {
  return !block->is_closed && address - block->address < block->size;
}

struct nomem__guarded_use nomem__guarded_use_find(const struct nomem__heap_residue *heap,
                                                  const struct nomem__stack *stack) {
  struct nomem__guarded_use use = {0};
  uint64_t address = stack->fault_address;
  if (stack->signal != SIGSEGV || !stack->has_fault_address || stack->code <= 0) return use;
  size_t next = count_up_to(heap, address);
  const struct nomem__guarded *below = next > 0 ? &heap->guarded[next - 1] : NULL;
  const struct nomem__guarded *above = next < heap->guarded_count ? &heap->guarded[next] : NULL;
  uint64_t past = below != NULL ? behind(below, address) : UINT64_MAX;
  uint64_t ahead = above != NULL ? before(above, address) : UINT64_MAX;
  if ((past == UINT64_MAX && ahead == UINT64_MAX) || (below != NULL && is_usable(below, address))) return use;
  use.block = past <= ahead ? *below : *above;
  use.place = use.block.is_closed ? NOMEM_GUARDED_FREED : past <= ahead ? NOMEM_GUARDED_PAST_END : NOMEM_GUARDED_BEFORE;
  use.is_write = stack->access == NOMEM_ACCESS_WRITE;
  return use;
}

struct nomem__guarded_use nomem__guarded_use_find_earlier(const struct nomem__heap_residue *heap,
                                                          const struct nomem__stack *stack) {
  struct nomem__guarded_use use = nomem__guarded_use_find(heap, stack);
  if (use.place != NOMEM_GUARDED_FREED || stack->fault_address < use.block.address + use.block.size) return use;
  use.place = NOMEM_GUARDED_PAST_END;
  use.block.is_closed = false;
  return use;
}

const char *nomem__guarded_use_text(const struct nomem__guarded_use *use) {
  switch (use->place) {
    case NOMEM_GUARDED_FREED:
      return use->is_write ? "a block was written after it was freed" : "a block was read after it was freed";
    case NOMEM_GUARDED_PAST_END:
      return use->is_write ? "a block was written past its end" : "a block was read past its end";
    case NOMEM_GUARDED_BEFORE:
      return use->is_write ? "a block was written before its beginning" : "a block was read before its beginning";
    default:
      return "";
  }
}
