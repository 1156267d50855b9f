/* SPDX-License-Identifier: MIT */
/* How the block table lies in the memory of a process: written by the injector, read by the command. */
#ifndef NOMEM_BLOCK_TABLE_FORMAT_H
#define NOMEM_BLOCK_TABLE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One word for each 16 bytes of memory, which is how blocks are aligned; in parts, each mapped when the first block
 * comes to lie in what it stands for. */
#define NOMEM_BLOCK_TABLE_GRAIN 16
#define NOMEM_BLOCK_TABLE_PART_BYTES (UINT64_C(64) << 20) /* of memory */
#define NOMEM_BLOCK_TABLE_PART_WORDS (NOMEM_BLOCK_TABLE_PART_BYTES / NOMEM_BLOCK_TABLE_GRAIN)
/* Words on a page, which is touched or not. */
#define NOMEM_BLOCK_TABLE_PAGE_WORDS (4096 / 8)
#define NOMEM_BLOCK_TABLE_PART_PAGES (NOMEM_BLOCK_TABLE_PART_WORDS / NOMEM_BLOCK_TABLE_PAGE_WORDS)
/* Memory that blocks may lie in: 32 GiB, if it were all in one piece. Blocks beyond are not entered. */
#define NOMEM_BLOCK_TABLE_PARTS 512

enum nomem_block_table_state {
  NOMEM_BLOCK_TABLE_NONE,
  NOMEM_BLOCK_TABLE_LIVE,
  NOMEM_BLOCK_TABLE_LIVE_CANARY, /* and the bytes behind what was asked for are filled */
  NOMEM_BLOCK_TABLE_FREED,
  NOMEM_BLOCK_TABLE_QUARANTINED /* freed, filled, and not given back to the C library yet */
};

/* A word: the state, the size (a larger one is NOMEM_BLOCK_TABLE_SIZE_MAX), and the numbers of the sites that asked for
 * the block and that gave it back. */
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

/* What the block table begins with. A process that has executed a program which keeps none has something else there. */
#define NOMEM_BLOCK_TABLE_MAGIC UINT64_C(0x6e6f6d656d1ed9e2)

/* Blocks that are held: so many, so large, and so large together. They are the last ones that were freed. */
#define NOMEM_BLOCK_TABLE_QUARANTINED_BLOCKS 4096
#define NOMEM_BLOCK_TABLE_QUARANTINED_SIZE_MAX (UINT64_C(64) << 10)
#define NOMEM_BLOCK_TABLE_QUARANTINED_BYTES (UINT64_C(16) << 20)

/* Open addressing by number, which is address / NOMEM_BLOCK_TABLE_PART_BYTES + 1; 0 is free. */
struct nomem_block_table {
  uint64_t magic;
  struct {
    _Atomic uint64_t number;
    _Atomic uint64_t part; /* where its struct nomem_block_table_part lies; 0: not yet */
  } parts[NOMEM_BLOCK_TABLE_PARTS];
  /* A ring. Who takes a block out of its slot gives it back. */
  _Atomic uint64_t quarantine[NOMEM_BLOCK_TABLE_QUARANTINED_BLOCKS]; /* address; 0: none */
  _Atomic uint64_t quarantine_next, quarantine_first; /* number of the next one, and of the oldest; they only grow */
  _Atomic uint64_t quarantine_bytes;
};

/* What glibc gives beyond a size asked for, in bytes: blocks end 8 bytes after a multiple of 16, and the smallest is
 * 24. */
static inline uint64_t nomem__block_table_slack(uint64_t size) {
  return (size <= 24 ? 24 : (size + 7) / 16 * 16 + 8) - size;
}

/* What is too little to be a block of its own stays with the one that it was cut from. */
#define NOMEM_BLOCK_TABLE_REST_BYTES 48

/* glibc keeps 8 bytes before each block: how far it is from there to the next one's, and flags. Returns that distance,
 * or 0 when there is no next one or the word is not what it must be for a block of this size. */
static inline uint64_t nomem__block_table_chunk_bytes(uint64_t word, uint64_t size) {
  uint64_t least = size + nomem__block_table_slack(size) + sizeof word, bytes = word & ~UINT64_C(7);
  bool is_mapped = word & 2,
       is_whole = bytes % 16 == 0 && bytes >= least && bytes <= least + NOMEM_BLOCK_TABLE_REST_BYTES;
  return is_mapped || !is_whole ? 0 : bytes;
}

/* Whether such a word says that the block before it is in use, and the rest of it is possible. */
static inline bool nomem__block_table_is_chunk_in_use(uint64_t word) {
  return (word & 1) != 0 && (word & (2 | 8)) == 0 && word >= 16 && word >> 47 == 0;
}

/* What these bytes are filled with. */
#define NOMEM_BLOCK_TABLE_CANARY 0xc9

/* What a held block is filled with, word by word: a pointer that no memory is ever at, and that says which block it was
 * read from. */
#define NOMEM_BLOCK_TABLE_POISON_TAG UINT64_C(0xdfdf)
#define NOMEM_BLOCK_TABLE_POISON(address) \
  (NOMEM_BLOCK_TABLE_POISON_TAG << 48 | ((uint64_t)(address) & ((UINT64_C(1) << 48) - 1)))
/* What is this near to it was made of it: a member's, or an element's, address. */
#define NOMEM_BLOCK_TABLE_POISON_REACH UINT64_C(65536)
/* So much of it, at the beginning and at the end. */
#define NOMEM_BLOCK_TABLE_POISON_BYTES UINT64_C(2048)

/* Whether a pointer was made of it, whichever block's. */
static inline bool nomem__block_table_is_poison(uint64_t word) {
  return word >> 48 == NOMEM_BLOCK_TABLE_POISON_TAG;
}

/* The stretches of a held block that are filled: up to two, each from a multiple of 8. */
struct nomem_block_table_poisoned {
  uint64_t from[2], bytes[2];
};

static inline struct nomem_block_table_poisoned nomem__block_table_poisoned(uint64_t size) {
  if (size <= 2 * NOMEM_BLOCK_TABLE_POISON_BYTES) return (struct nomem_block_table_poisoned){.bytes = {size}};
  uint64_t last = (size - NOMEM_BLOCK_TABLE_POISON_BYTES) & ~UINT64_C(7);
  return (struct nomem_block_table_poisoned){{0, last}, {NOMEM_BLOCK_TABLE_POISON_BYTES, size - last}};
}

/* The first byte of a stretch that is not as it was filled; count: none. */
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
