/* SPDX-License-Identifier: MIT */
/* The blocks of a process, as its block table has them, by address; and a copy of the memory that they lie in, so that
 * it is read in a few large pieces and not block by block. */
#ifndef NOMEM_HEAP_BLOCKS_H
#define NOMEM_HEAP_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../block_table_format.h"
#include "heap_residue.h"
#include "process_image.h"

struct nomem__heap_block {
  uint64_t address, size;
  uint32_t site, freed_at;
  bool has_canary; /* behind it, up to where the C library's block ends, or its own pages do */
  bool is_guarded; /* it has pages of its own */
  bool
      is_quarantined; /* freed, and not given back to the C library: what it holds reaches nothing, and it is no leak */
  bool is_reachable;
  bool is_indirect; /* another leaked block points to it */
  bool is_held;     /* main() still had it when it returned: it, or a block that leads there */
};

struct nomem__memory_range {
  uint64_t start, end;
};

/* A stretch of memory, of which all bytes from its start to its end could be read. */
struct nomem__memory_copy {
  struct nomem__memory_range range;
  unsigned char *bytes; /* owned */
};

/* Which pages may have blocks: a bit for each of so many, by the page's number modulo that. */
#define NOMEM__BLOCK_PAGES 65536

/* All zero is empty. */
struct nomem__heap_blocks {
  struct nomem__heap_block *list; /* by address; owned */
  size_t count, room;
  uint64_t lowest, highest; /* no address of a block, or right behind one, lies outside these */
  uint64_t pages[NOMEM__BLOCK_PAGES / 64];
  struct nomem__memory_copy *copies; /* by address; owned */
  size_t copy_count, copy_room;
  struct nomem__memory_range parts[NOMEM_BLOCK_TABLE_PARTS]; /* where the table's parts are */
  size_t part_count;
  struct nomem__guarded *guarded; /* all that were, by address; owned */
  size_t guarded_count;
  struct nomem__memory_range guarded_memory; /* where these lie */
};

/* Reads the table at an address. Returns 0; -ENOENT when there is none, -E2BIG when it has too many blocks, -EIO when
 * it cannot be read. The blocks are to be freed in any case. */
int nomem__heap_blocks_read(struct nomem__heap_blocks *blocks, const struct nomem__process_image *image, uint64_t at);

void nomem__heap_blocks_free(struct nomem__heap_blocks *blocks);

/* Whether a word may be an address in a block, or right behind one: most words are not, and this is quick. */
static inline bool nomem__heap_blocks_may_have(const struct nomem__heap_blocks *blocks, uint64_t word) {
  if (word - blocks->lowest > blocks->highest - blocks->lowest) return false;
  uint64_t page = word / 4096 % NOMEM__BLOCK_PAGES;
  return blocks->pages[page / 64] >> page % 64 & 1;
}

/* The block that an address lies in, or NULL. A block of no bytes has its own address. The byte behind a block counts
 * as in it, for programs that keep a pointer to its end. */
struct nomem__heap_block *nomem__heap_blocks_find(const struct nomem__heap_blocks *blocks, uint64_t address);

/* The first block that ends behind an address; NULL: none does. */
const struct nomem__heap_block *nomem__heap_blocks_first_behind(const struct nomem__heap_blocks *blocks,
                                                                uint64_t address);

/* The bytes at an address, and in *bytes, which says how many are wanted, how many there are. NULL: they are not
 * copied. */
const unsigned char *nomem__heap_blocks_copy_at(const struct nomem__heap_blocks *blocks, uint64_t address,
                                                uint64_t *bytes);

#endif
