/* How the ledger lies in the memory of a process: written by the injector, read by the command. */
#ifndef NOMEM_LEDGER_FORMAT_H
#define NOMEM_LEDGER_FORMAT_H

#include <stdint.h>

/* One word for each 16 bytes of memory, which is how blocks are aligned; in parts, each mapped when the first block
 * comes to lie in what it stands for. */
#define NOMEM_LEDGER_GRAIN 16
#define NOMEM_LEDGER_PART_BYTES (UINT64_C(64) << 20) /* of memory */
#define NOMEM_LEDGER_PART_WORDS (NOMEM_LEDGER_PART_BYTES / NOMEM_LEDGER_GRAIN)
/* Words on a page, which is touched or not. */
#define NOMEM_LEDGER_PAGE_WORDS (4096 / 8)
#define NOMEM_LEDGER_PART_PAGES (NOMEM_LEDGER_PART_WORDS / NOMEM_LEDGER_PAGE_WORDS)
/* Memory that blocks may lie in: 32 GiB, if it were all in one piece. Blocks beyond are not entered. */
#define NOMEM_LEDGER_PARTS 512

enum nomem_ledger_state {
  NOMEM_LEDGER_NONE,
  NOMEM_LEDGER_LIVE,
  NOMEM_LEDGER_LIVE_MARKED, /* and the bytes behind what was asked for are filled */
  NOMEM_LEDGER_FREED
};

/* A word: the state, the size (a larger one is NOMEM_LEDGER_SIZE_MAX), and the numbers of the sites that asked for the
 * block and that gave it back. */
#define NOMEM_LEDGER_SIZE_MAX ((UINT64_C(1) << 28) - 1)
#define NOMEM_LEDGER_NO_SITE 0xffffu
#define NOMEM_LEDGER_WORD(state, size, freed, site) \
  ((uint64_t)(state) << 60 | (uint64_t)(size) << 32 | (uint64_t)(freed) << 16 | (uint64_t)(site))
#define NOMEM_LEDGER_STATE(word) ((enum nomem_ledger_state)((word) >> 60))
#define NOMEM_LEDGER_SIZE(word) ((word) >> 32 & NOMEM_LEDGER_SIZE_MAX)
#define NOMEM_LEDGER_FREED_AT(word) ((uint32_t)((word) >> 16 & 0xffff))
#define NOMEM_LEDGER_SITE(word) ((uint32_t)((word) & 0xffff))

struct nomem_ledger_part {
  _Atomic uint64_t touched[NOMEM_LEDGER_PART_PAGES / 64]; /* a bit for each page of words */
  _Atomic uint64_t word[NOMEM_LEDGER_PART_WORDS];
};

/* Open addressing by number, which is address / NOMEM_LEDGER_PART_BYTES + 1; 0 is free. */
struct nomem_ledger {
  struct {
    _Atomic uint64_t number;
    _Atomic uint64_t part; /* where its struct nomem_ledger_part lies; 0: not yet */
  } parts[NOMEM_LEDGER_PARTS];
};

/* What glibc gives beyond a size asked for, in bytes: blocks end 8 bytes after a multiple of 16, and the smallest is
 * 24. */
static inline uint64_t nomem__ledger_slack(uint64_t size) {
  return (size <= 24 ? 24 : (size + 7) / 16 * 16 + 8) - size;
}

/* What these bytes are filled with. */
#define NOMEM_LEDGER_MARK 0xc9

#endif
