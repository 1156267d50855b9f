/* SPDX-License-Identifier: MIT */
#include "heap_blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../text/grow.h"
#include "../text/memory.h"

#define BLOCKS_MAX ((size_t)4 << 20)
/* No program has memory from here on. */
#define USER_SPACE_END (UINT64_C(1) << 47)
/* So many pages of the table are read at a time. */
#define PAGES_AT_A_TIME 4
#define PAGE_BYTES 4096

/* So much is copied at most. A copy goes over gaps up to this size, because a call takes as long as some pages do; and
 * has what the C library keeps before and behind a block. */
#define COPIED_BYTES_MAX (UINT64_C(16) << 20)
#define GAP_MAX_BYTES UINT64_C(16384)
#define MARGIN_BYTES UINT64_C(64)

static size_t read_memory(const struct nomem__process_image *image, uint64_t address, void *buffer, size_t bytes) {
  return image->read(image, address, buffer, bytes);
}

/* There are no more, unless the table is damaged. */
static void add_guarded(struct nomem__heap_blocks *blocks, uint64_t address, uint64_t word) {
  if (blocks->guarded == NULL) blocks->guarded = nomem__calloc(NOMEM_GUARDED_BLOCKS, sizeof *blocks->guarded);
  if (blocks->guarded_count == NOMEM_GUARDED_BLOCKS) return;
  blocks->guarded[blocks->guarded_count++] =
      (struct nomem__guarded){.address = address,
                              .size = NOMEM_BLOCK_TABLE_SIZE(word),
                              .site = NOMEM_BLOCK_TABLE_SITE(word),
                              .freed_at = NOMEM_BLOCK_TABLE_FREED_AT(word),
                              .is_closed = NOMEM_BLOCK_TABLE_STATE(word) == NOMEM_BLOCK_TABLE_CLOSED};
}

static int add_block(struct nomem__heap_blocks *blocks, uint64_t address, uint64_t word) {
  enum nomem_block_table_state state = NOMEM_BLOCK_TABLE_STATE(word);
  bool is_quarantined = state == NOMEM_BLOCK_TABLE_QUARANTINED, is_guarded = state == NOMEM_BLOCK_TABLE_LIVE_GUARDED;
  bool is_live = state == NOMEM_BLOCK_TABLE_LIVE || state == NOMEM_BLOCK_TABLE_LIVE_CANARY || is_guarded;
  if (is_guarded || state == NOMEM_BLOCK_TABLE_CLOSED) add_guarded(blocks, address, word);
  if (!is_live && !is_quarantined) return 0;
  if (blocks->count == BLOCKS_MAX) return -E2BIG;
  blocks->list = nomem__grow(blocks->list, blocks->count, &blocks->room, sizeof *blocks->list);
  blocks->list[blocks->count++] = (struct nomem__heap_block){.address = address,
                                                             .size = NOMEM_BLOCK_TABLE_SIZE(word),
                                                             .site = NOMEM_BLOCK_TABLE_SITE(word),
                                                             .freed_at = NOMEM_BLOCK_TABLE_FREED_AT(word),
                                                             .has_canary = state != NOMEM_BLOCK_TABLE_LIVE && is_live,
                                                             .is_guarded = is_guarded,
                                                             .is_quarantined = is_quarantined,
                                                             .is_reachable = is_quarantined};
  return 0;
}

/* Reads some pages of words, of which the first describes the memory at an address. */
static int read_pages(struct nomem__heap_blocks *blocks, const struct nomem__process_image *image, uint64_t words_at,
                      size_t page_count, uint64_t address) {
  uint64_t word[PAGES_AT_A_TIME * NOMEM_BLOCK_TABLE_PAGE_WORDS];
  size_t count = page_count * NOMEM_BLOCK_TABLE_PAGE_WORDS;
  if (read_memory(image, words_at, word, count * sizeof *word) != count * sizeof *word) return -EIO;
  int result = 0;
  for (size_t i = 0; i < count && result == 0; i++)
    if (word[i] != 0) result = add_block(blocks, address + i * NOMEM_BLOCK_TABLE_GRAIN, word[i]);
  return result;
}

static bool is_touched(const uint64_t *touched, uint64_t page) {
  return page < NOMEM_BLOCK_TABLE_PART_PAGES && (touched[page / 64] >> page % 64 & 1) != 0;
}

static int read_part(struct nomem__heap_blocks *blocks, const struct nomem__process_image *image, uint64_t number,
                     uint64_t part) {
  uint64_t touched[NOMEM_BLOCK_TABLE_PART_PAGES / 64];
  if (number > USER_SPACE_END / NOMEM_BLOCK_TABLE_PART_BYTES) return -EIO;
  if (read_memory(image, part, touched, sizeof touched) != sizeof touched) return -EIO;
  blocks->parts[blocks->part_count++] =
      (struct nomem__memory_range){part, part + sizeof(struct nomem_block_table_part)};
  uint64_t words_at = part + offsetof(struct nomem_block_table_part, word);
  uint64_t address = (number - 1) * NOMEM_BLOCK_TABLE_PART_BYTES;
  int result = 0;
  for (uint64_t page = 0; page < NOMEM_BLOCK_TABLE_PART_PAGES && result == 0; page++) {
    if (touched[page / 64] == 0) page |= 63; /* nor is any other of these */
    size_t count = 0;
    while (count < PAGES_AT_A_TIME && is_touched(touched, page + count)) count++;
    if (count == 0) continue;
    result = read_pages(blocks, image, words_at + page * NOMEM_BLOCK_TABLE_PAGE_WORDS * sizeof(uint64_t), count,
                        address + page * NOMEM_BLOCK_TABLE_PAGE_WORDS * NOMEM_BLOCK_TABLE_GRAIN);
    page += count - 1;
  }
  return result;
}

static int by_address(const void *left, const void *right) {
  const struct nomem__heap_block *a = left, *b = right;
  return a->address < b->address ? -1 : a->address > b->address;
}

/* The parts of the table are in no order, but there is often only one. */
static void sort(struct nomem__heap_blocks *blocks) {
  bool is_sorted = true;
  for (size_t i = 1; i < blocks->count && is_sorted; i++)
    is_sorted = blocks->list[i - 1].address <= blocks->list[i].address;
  if (!is_sorted) qsort(blocks->list, blocks->count, sizeof *blocks->list, by_address);
}

static int by_guarded_address(const void *left, const void *right) {
  const struct nomem__guarded *a = left, *b = right;
  return a->address < b->address ? -1 : a->address > b->address;
}

/* Notes which pages a block lies on, with the byte behind it. */
static void note_pages(struct nomem__heap_blocks *blocks, const struct nomem__heap_block *block) {
  uint64_t first = block->address / PAGE_BYTES, last = (block->address + block->size) / PAGE_BYTES;
  if (last - first >= NOMEM__BLOCK_PAGES) last = first + NOMEM__BLOCK_PAGES - 1; /* all of them */
  for (uint64_t page = first; page <= last; page++)
    blocks->pages[page % NOMEM__BLOCK_PAGES / 64] |= UINT64_C(1) << page % 64;
}

/* Copies a stretch of memory, as far as it can be read. */
static void copy(struct nomem__heap_blocks *blocks, const struct nomem__process_image *image, uint64_t start,
                 uint64_t end) {
  unsigned char *bytes = nomem__malloc(end - start);
  size_t got = read_memory(image, start, bytes, end - start);
  if (got == 0) {
    free(bytes);
    return;
  }
  blocks->copies = nomem__grow(blocks->copies, blocks->copy_count, &blocks->copy_room, sizeof *blocks->copies);
  blocks->copies[blocks->copy_count++] = (struct nomem__memory_copy){{start, start + got}, bytes};
}

/* Copies the memory that blocks lie in. What is not copied is read where it is needed. */
static void copy_blocks(struct nomem__heap_blocks *blocks, const struct nomem__process_image *image) {
  uint64_t start = 0, end = 0, copied = 0;
  for (size_t i = 0; i < blocks->count; i++) {
    const struct nomem__heap_block *block = &blocks->list[i];
    uint64_t from = block->address - MARGIN_BYTES / 2, to = block->address + block->size + MARGIN_BYTES;
    if (block->is_guarded) {
      from = block->address;
      to = nomem__guarded_end(from, block->size);
      if (from == to) continue;
    }
    bool is_near = !block->is_guarded && end != 0 && from <= end + GAP_MAX_BYTES; /* a guard cannot be read */
    uint64_t more = is_near ? (to > end ? to - end : 0) : to - from;
    if (more > COPIED_BYTES_MAX - copied) continue;
    copied += more;
    if (is_near) {
      end += more;
      continue;
    }
    if (end != 0) copy(blocks, image, start, end);
    start = from;
    end = to;
  }
  if (end != 0) copy(blocks, image, start, end);
}

int nomem__heap_blocks_read(struct nomem__heap_blocks *blocks, const struct nomem__process_image *image, uint64_t at) {
  static struct nomem_block_table block_table; /* too large for a small stack */
  if (at == 0) return -ENOENT;
  if (read_memory(image, at, &block_table, sizeof block_table) != sizeof block_table) return -EIO;
  if (block_table.magic != NOMEM_BLOCK_TABLE_MAGIC) return -ENOENT;
  int result = 0;
  for (size_t i = 0; i < NOMEM_BLOCK_TABLE_PARTS && result == 0; i++)
    if (block_table.parts[i].number != 0 && block_table.parts[i].part != 0)
      result = read_part(blocks, image, block_table.parts[i].number, block_table.parts[i].part);
  blocks->guarded_memory =
      (struct nomem__memory_range){block_table.guarded_start, block_table.guarded_start + block_table.guarded_bytes};
  if (blocks->guarded_count > 0)
    qsort(blocks->guarded, blocks->guarded_count, sizeof *blocks->guarded, by_guarded_address);
  if (result != 0 || blocks->count == 0) return result;
  sort(blocks);
  for (size_t i = 0; i < blocks->count; i++) note_pages(blocks, &blocks->list[i]);
  const struct nomem__heap_block *last = &blocks->list[blocks->count - 1];
  blocks->lowest = blocks->list[0].address;
  blocks->highest = last->address + last->size;
  copy_blocks(blocks, image);
  return 0;
}

void nomem__heap_blocks_free(struct nomem__heap_blocks *blocks) {
  for (size_t i = 0; i < blocks->copy_count; i++) free(blocks->copies[i].bytes);
  free(blocks->copies);
  free(blocks->list);
  free(blocks->guarded);
  *blocks = (struct nomem__heap_blocks){0};
}

struct nomem__heap_block *nomem__heap_blocks_find(const struct nomem__heap_blocks *blocks, uint64_t address) {
  if (!nomem__heap_blocks_may_have(blocks, address)) return NULL;
  size_t low = 0, high = blocks->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (blocks->list[middle].address <= address)
      low = middle + 1;
    else
      high = middle;
  }
  struct nomem__heap_block *block = low > 0 ? &blocks->list[low - 1] : NULL;
  return block != NULL && address <= block->address + block->size ? block : NULL;
}

const struct nomem__heap_block *nomem__heap_blocks_first_behind(const struct nomem__heap_blocks *blocks,
                                                                uint64_t address) {
  size_t low = 0, high = blocks->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (blocks->list[middle].address + blocks->list[middle].size <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low < blocks->count ? &blocks->list[low] : NULL;
}

const unsigned char *nomem__heap_blocks_copy_at(const struct nomem__heap_blocks *blocks, uint64_t address,
                                                uint64_t *bytes) {
  size_t low = 0, high = blocks->copy_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (blocks->copies[middle].range.start <= address)
      low = middle + 1;
    else
      high = middle;
  }
  const struct nomem__memory_copy *copied = low > 0 ? &blocks->copies[low - 1] : NULL;
  if (copied == NULL || address >= copied->range.end) return NULL;
  if (*bytes > copied->range.end - address) *bytes = copied->range.end - address;
  return copied->bytes + (address - copied->range.start);
}
