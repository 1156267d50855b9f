/* SPDX-License-Identifier: MIT */
/* The format of the block table, which the injector writes in the memory of a process, and the command reads. */
#ifndef NOMEM_BLOCK_TABLE_FORMAT_H
#define NOMEM_BLOCK_TABLE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* It has a word for each 16 bytes of memory, the alignment of blocks, and is divided into parts. A part is mapped when
 * the first block lies in the memory that it describes. */
#define NOMEM_BLOCK_TABLE_GRAIN 16
#define NOMEM_BLOCK_TABLE_PART_BYTES (UINT64_C(64) << 20) /* of memory */
#define NOMEM_BLOCK_TABLE_PART_WORDS (NOMEM_BLOCK_TABLE_PART_BYTES / NOMEM_BLOCK_TABLE_GRAIN)
/* Words on a page. Which pages were written to is recorded, so that only those are read. */
#define NOMEM_BLOCK_TABLE_PAGE_WORDS (4096 / 8)
#define NOMEM_BLOCK_TABLE_PART_PAGES (NOMEM_BLOCK_TABLE_PART_WORDS / NOMEM_BLOCK_TABLE_PAGE_WORDS)
/* Parts at most: they describe 32 GiB. Blocks for which there is no part are not recorded. */
#define NOMEM_BLOCK_TABLE_PARTS 512

enum nomem_block_table_state {
  NOMEM_BLOCK_TABLE_NONE,
  NOMEM_BLOCK_TABLE_LIVE,
  NOMEM_BLOCK_TABLE_LIVE_CANARY, /* in use, with a canary behind the bytes that were requested */
  NOMEM_BLOCK_TABLE_FREED,
  NOMEM_BLOCK_TABLE_QUARANTINED,  /* freed by the program, poisoned, and not given back to the C library yet */
  NOMEM_BLOCK_TABLE_LIVE_GUARDED, /* in use, in pages of its own, up to a page that nobody may touch */
  NOMEM_BLOCK_TABLE_CLOSED        /* such a block that was freed: nobody may touch its pages any more */
};

/* A word has the state, the size (at most NOMEM_BLOCK_TABLE_SIZE_MAX, which stands for larger ones, too), and the
 * numbers of the sites that allocated the block and that freed it. */
#define NOMEM_BLOCK_TABLE_SIZE_MAX ((UINT64_C(1) << 28) - 1)
#define NOMEM_BLOCK_TABLE_NO_SITE 0xffffu
#define NOMEM_BLOCK_TABLE_WORD(state, size, freed, site) \
  ((uint64_t)(state) << 60 | (uint64_t)(size) << 32 | (uint64_t)(freed) << 16 | (uint64_t)(site))
#define NOMEM_BLOCK_TABLE_STATE(word) ((enum nomem_block_table_state)((word) >> 60))
#define NOMEM_BLOCK_TABLE_SIZE(word) ((word) >> 32 & NOMEM_BLOCK_TABLE_SIZE_MAX)
#define NOMEM_BLOCK_TABLE_FREED_AT(word) ((uint32_t)((word) >> 16 & 0xffff))
#define NOMEM_BLOCK_TABLE_SITE(word) ((uint32_t)((word)&0xffff))

struct nomem_block_table_part {
  _Atomic uint64_t touched[NOMEM_BLOCK_TABLE_PART_PAGES / 64]; /* a bit for each page of words */
  _Atomic uint64_t word[NOMEM_BLOCK_TABLE_PART_WORDS];
};

/* The first word of the block table. After an exec of a program that keeps none, something else is at its address. */
#define NOMEM_BLOCK_TABLE_MAGIC UINT64_C(0x6e6f6d656d1ed9e2)

/* The quarantine has the blocks that were freed last: so many at most, each so large at most, and together so large at
 * most. */
#define NOMEM_BLOCK_TABLE_QUARANTINED_BLOCKS 4096
#define NOMEM_BLOCK_TABLE_QUARANTINED_SIZE_MAX (UINT64_C(64) << 10)
#define NOMEM_BLOCK_TABLE_QUARANTINED_BYTES (UINT64_C(16) << 20)

/* Guarded blocks lie one after the other, each in whole pages of its own and behind them a page that nobody may touch:
 * so many at most in a process, each so large at most, and together so large at most. Where a call is to fail, no more
 * than half of them are allocated before it has, the first ones of these at the beginning of the process. No place is
 * used twice. */
#define NOMEM_GUARDED_BLOCKS 4096
#define NOMEM_GUARDED_FIRST 512
#define NOMEM_GUARDED_SIZE_MAX (UINT64_C(1) << 20)
#define NOMEM_GUARDED_BYTES (UINT64_C(128) << 20)
#define NOMEM_GUARDED_PAGE UINT64_C(4096)
/* A block begins at a multiple of its alignment, so that it may end before its pages do: so many bytes there are a
 * canary. */
#define NOMEM_GUARDED_CANARY_MAX UINT64_C(64)

/* Where the last page of a guarded block ends. */
static inline uint64_t nomem__guarded_end(uint64_t address, uint64_t size) {
  return (address + size + NOMEM_GUARDED_PAGE - 1) & ~(NOMEM_GUARDED_PAGE - 1);
}

/* How many bytes behind a guarded block are a canary. */
static inline uint64_t nomem__guarded_slack(uint64_t address, uint64_t size) {
  uint64_t rest = nomem__guarded_end(address, size) - (address + size);
  return rest < NOMEM_GUARDED_CANARY_MAX ? rest : NOMEM_GUARDED_CANARY_MAX;
}

/* A hash table of parts, with open addressing by number: address / NOMEM_BLOCK_TABLE_PART_BYTES + 1; 0: free. */
struct nomem_block_table {
  uint64_t magic;
  struct {
    _Atomic uint64_t number;
    _Atomic uint64_t part; /* the address of its struct nomem_block_table_part; 0: not mapped yet */
  } parts[NOMEM_BLOCK_TABLE_PARTS];
  /* A ring of addresses. The thread that takes a block out of its slot frees it. */
  _Atomic uint64_t quarantine[NOMEM_BLOCK_TABLE_QUARANTINED_BLOCKS]; /* 0: none */
  _Atomic uint64_t quarantine_next, quarantine_first; /* numbers of the next one and of the oldest, which only grow */
  _Atomic uint64_t quarantine_bytes;
  uint64_t guarded_start, guarded_bytes; /* where guarded blocks lie; 0: none do */
};

/* Returns how many bytes glibc adds to a requested size: blocks end 8 bytes after a multiple of 16, and the smallest
 * has 24 bytes. */
static inline uint64_t nomem__block_table_slack(uint64_t size) {
  return (size <= 24 ? 24 : (size + 7) / 16 * 16 + 8) - size;
}

/* The most that stays with a block because it is too small to be a block of its own. */
#define NOMEM_BLOCK_TABLE_REST_BYTES 48

/* glibc keeps a word before each block, with flags and the distance to that word of the next block. Returns the
 * distance; 0 when there is no next block, or when the word cannot be that of a block of this size. */
static inline uint64_t nomem__block_table_chunk_bytes(uint64_t word, uint64_t size) {
  uint64_t least = size + nomem__block_table_slack(size) + sizeof word, bytes = word & ~UINT64_C(7);
  bool is_mapped = word & 2,
       is_whole = bytes % 16 == 0 && bytes >= least && bytes <= least + NOMEM_BLOCK_TABLE_REST_BYTES;
  return is_mapped || !is_whole ? 0 : bytes;
}

/* Whether such a word says that the block before it is in use, and is otherwise possible. */
static inline bool nomem__block_table_is_chunk_in_use(uint64_t word) {
  return (word & 1) != 0 && (word & (2 | 8)) == 0 && word >= 16 && word >> 47 == 0;
}

/* The byte that canaries are filled with. */
#define NOMEM_BLOCK_TABLE_CANARY 0xc9

/* The word that a quarantined block is filled with: a pointer that is not canonical, so that no memory is ever there,
 * and that tells which block it was read from. */
#define NOMEM_BLOCK_TABLE_POISON_TAG UINT64_C(0xdfdf)
#define NOMEM_BLOCK_TABLE_POISON(address) \
  (NOMEM_BLOCK_TABLE_POISON_TAG << 48 | ((uint64_t)(address) & ((UINT64_C(1) << 48) - 1)))
/* An address as near as this to a poison was computed from it, as that of a member or an element. */
#define NOMEM_BLOCK_TABLE_POISON_REACH UINT64_C(65536)
/* How many bytes are poisoned at the beginning of a block, and at its end. */
#define NOMEM_BLOCK_TABLE_POISON_BYTES UINT64_C(2048)

/* Whether a word is the poison of any block, or was computed from one. */
static inline bool nomem__block_table_is_poison(uint64_t word) {
  return word >> 48 == NOMEM_BLOCK_TABLE_POISON_TAG;
}

/* The parts of a quarantined block that are poisoned: up to two, each of which begins at a multiple of 8. */
struct nomem_block_table_poisoned {
  uint64_t from[2], bytes[2];
};

/* Returns those of a block of this size. */
static inline struct nomem_block_table_poisoned nomem__block_table_poisoned(uint64_t size) {
  if (size <= 2 * NOMEM_BLOCK_TABLE_POISON_BYTES) return (struct nomem_block_table_poisoned){.bytes = {size}};
  uint64_t last = (size - NOMEM_BLOCK_TABLE_POISON_BYTES) & ~UINT64_C(7);
  return (struct nomem_block_table_poisoned){{0, last}, {NOMEM_BLOCK_TABLE_POISON_BYTES, size - last}};
}

/* Returns the index of the first byte that is not as it was filled; count: none. */
static inline uint64_t nomem__block_table_changed(const unsigned char *bytes, uint64_t count, uint64_t fill) {
  uint64_t at = 0, word;
  for (; at + sizeof word <= count; at += sizeof word) {
    memcpy(&word, bytes + at, sizeof word);
    if (word != fill) break;
  }
  while (at < count && bytes[at] == (unsigned char)(fill >> at % 8 * 8)) at++;
  return at;
}

#endif
