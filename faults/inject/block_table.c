/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "block_table.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../block_table_format.h"
#include "call_site.h"
#include "guarded_blocks.h"
#include "module_names.h"
#include "populate.h"
#include "process_id.h"

#include "forbidden_calls.h"

/* How far below a pointer to search for the block that it may point into. */
#define INSIDE_MAX_BYTES (UINT64_C(1) << 20)

/* The least that the kernel leaves free below the end of the main stack. */
#define STACK_MAX_BYTES (UINT64_C(128) << 20)
/* Of arguments and environment the kernel takes no more. */
#define ARGUMENTS_MAX_BYTES ((uintptr_t)6 << 20)

/* So much of the words of guarded blocks has its pages at once. */
#define PREPARED_BYTES (UINT64_C(64) << 12)

/* The dynamic linker's variable: where the main thread's stack ends. */
extern void *__libc_stack_end __attribute__((weak));

static struct nomem_channel *channel;
static struct nomem_block_table *block_table;
static bool has_slack;

static void *map(size_t bytes) {
  void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return pages == MAP_FAILED ? NULL : pages;
}

uint64_t nomem__blocks_address(void) {
  return (uintptr_t)block_table;
}

/* Of two threads that need a new part, one maps it for both. */
static struct nomem_block_table_part *add_part(_Atomic uint64_t *slot) {
  uint64_t none = 0;
  struct nomem_block_table_part *part = map(sizeof *part);
  if (part == NULL) return NULL;
  if (atomic_compare_exchange_strong(slot, &none, (uintptr_t)part)) return part;
  munmap(part, sizeof *part);
  return (struct nomem_block_table_part *)(uintptr_t)none; /* NOLINT: kept as a number */
}

/* Returns NULL when there is no such part, and none is to be made or there is no room for it. */
static struct nomem_block_table_part *find_part(uint64_t number, bool make) {
  for (uint64_t probe = 0; probe < NOMEM_BLOCK_TABLE_PARTS; probe++) {
    uint64_t at = (number + probe) % NOMEM_BLOCK_TABLE_PARTS;
    uint64_t found = atomic_load_explicit(&block_table->parts[at].number, memory_order_acquire);
    if (found == 0 && !make) return NULL;
    if (found == 0 && atomic_compare_exchange_strong(&block_table->parts[at].number, &found, number)) found = number;
    if (found != number) continue;
    uint64_t part = atomic_load_explicit(&block_table->parts[at].part, memory_order_acquire);
    if (part == 0 && make) return add_part(&block_table->parts[at].part);
    return (struct nomem_block_table_part *)(uintptr_t)part; /* NOLINT: kept as a number */
  }
  return NULL;
}

/* The word for an address, or NULL. */
static _Atomic uint64_t *word_of(uintptr_t address, bool make) {
  struct nomem_block_table_part *part = find_part(address / NOMEM_BLOCK_TABLE_PART_BYTES + 1, make);
  if (part == NULL) return NULL;
  uint64_t index = address % NOMEM_BLOCK_TABLE_PART_BYTES / NOMEM_BLOCK_TABLE_GRAIN;
  uint64_t page = index / NOMEM_BLOCK_TABLE_PAGE_WORDS, bit = UINT64_C(1) << page % 64;
  if (make && !(atomic_load_explicit(&part->touched[page / 64], memory_order_relaxed) & bit))
    atomic_fetch_or_explicit(&part->touched[page / 64], bit, memory_order_relaxed);
  return &part->word[index];
}

static uint64_t word_at(uintptr_t address) {
  const _Atomic uint64_t *word = word_of(address, false);
  return word == NULL ? 0 : atomic_load_explicit(word, memory_order_relaxed);
}

static uint32_t number_of(const struct nomem_site *site) {
  ptrdiff_t number = site == NULL ? NOMEM_BLOCK_TABLE_NO_SITE : site - channel->sites;
  return number < NOMEM_BLOCK_TABLE_NO_SITE ? (uint32_t)number : NOMEM_BLOCK_TABLE_NO_SITE;
}

static bool is_live(uint64_t word) {
  return NOMEM_BLOCK_TABLE_STATE(word) == NOMEM_BLOCK_TABLE_LIVE ||
         NOMEM_BLOCK_TABLE_STATE(word) == NOMEM_BLOCK_TABLE_LIVE_CANARY ||
         NOMEM_BLOCK_TABLE_STATE(word) == NOMEM_BLOCK_TABLE_LIVE_GUARDED;
}

/* Only where each guarded block will have its word: its size stands nowhere else. */
static void open_guards(void) {
  if (channel->guarded_from == 0 || !nomem__guarded_open(channel, has_slack)) return;
  uint64_t first = nomem__guarded_start / NOMEM_BLOCK_TABLE_PART_BYTES + 1;
  uint64_t last = (nomem__guarded_start + NOMEM_GUARDED_BYTES - 1) / NOMEM_BLOCK_TABLE_PART_BYTES + 1;
  for (uint64_t number = first; number <= last; number++) {
    if (find_part(number, true) != NULL) continue;
    nomem__guarded_give_up();
    return;
  }
  block_table->guarded_start = nomem__guarded_start;
  block_table->guarded_bytes = NOMEM_GUARDED_BYTES;
}

int nomem__blocks_open(struct nomem_channel *next, bool slack) {
  if (block_table == NULL) block_table = map(sizeof *block_table);
  if (block_table == NULL) return -ENOMEM;
  block_table->magic = NOMEM_BLOCK_TABLE_MAGIC;
  channel = next;
  has_slack = slack;
  open_guards();
  return 0;
}

size_t nomem__blocks_entry_size(uint64_t entry) {
  return is_live(entry) ? NOMEM_BLOCK_TABLE_SIZE(entry) : 0;
}

size_t nomem__blocks_size(const void *block) {
  return (uintptr_t)block % NOMEM_BLOCK_TABLE_GRAIN == 0 ? nomem__blocks_entry_size(word_at((uintptr_t)block)) : 0;
}

/* How many bytes behind a block are a canary. */
static uint64_t slack_of(const void *block, uint64_t size) {
  return nomem__guarded_has(block) ? nomem__guarded_slack((uintptr_t)block, size) : nomem__block_table_slack(size);
}

/* Guarded blocks lie one after the other, a page of words for each or two: these have their pages some at a time. */
static void prepare_words(const _Atomic uint64_t *word, uintptr_t address) {
  static _Atomic uintptr_t prepared;
  uint64_t index = address % NOMEM_BLOCK_TABLE_PART_BYTES / NOMEM_BLOCK_TABLE_GRAIN;
  uint64_t left = (NOMEM_BLOCK_TABLE_PART_WORDS - index) * sizeof *word;
  uintptr_t from = (uintptr_t)word;
  if (from - atomic_load_explicit(&prepared, memory_order_relaxed) < PREPARED_BYTES) return;
  atomic_store_explicit(&prepared, from & ~(NOMEM_GUARDED_PAGE - 1), memory_order_relaxed);
  nomem__populate(word, left < PREPARED_BYTES ? left : PREPARED_BYTES - from % NOMEM_GUARDED_PAGE);
}

void nomem__blocks_enter(void *block, size_t size, const struct nomem_site *site) {
  _Atomic uint64_t *word = (uintptr_t)block % NOMEM_BLOCK_TABLE_GRAIN == 0 ? word_of((uintptr_t)block, true) : NULL;
  if (word == NULL) return;
  if (nomem__guarded_has(block)) prepare_words(word, (uintptr_t)block);
  bool is_marked = has_slack && size < NOMEM_BLOCK_TABLE_SIZE_MAX;
  unsigned char *end = (unsigned char *)block + size;
  uint64_t slack = is_marked ? slack_of(block, size) : 0;
  for (uint64_t i = 0; i < slack; i++) end[i] = NOMEM_BLOCK_TABLE_CANARY;
  enum nomem_block_table_state state = is_marked ? NOMEM_BLOCK_TABLE_LIVE_CANARY : NOMEM_BLOCK_TABLE_LIVE;
  if (nomem__guarded_has(block)) state = NOMEM_BLOCK_TABLE_LIVE_GUARDED;
  uint64_t kept = size < NOMEM_BLOCK_TABLE_SIZE_MAX ? size : NOMEM_BLOCK_TABLE_SIZE_MAX;
  atomic_store_explicit(word, NOMEM_BLOCK_TABLE_WORD(state, kept, NOMEM_BLOCK_TABLE_NO_SITE, number_of(site)),
                        memory_order_relaxed);
}

void nomem__blocks_reported_size(void *block) {
  _Atomic uint64_t *word = word_of((uintptr_t)block, false);
  uint64_t entry = word == NULL ? 0 : atomic_load_explicit(word, memory_order_relaxed);
  if (NOMEM_BLOCK_TABLE_STATE(entry) != NOMEM_BLOCK_TABLE_LIVE_CANARY) return;
  atomic_store_explicit(word,
                        NOMEM_BLOCK_TABLE_WORD(NOMEM_BLOCK_TABLE_LIVE, NOMEM_BLOCK_TABLE_SIZE(entry),
                                               NOMEM_BLOCK_TABLE_NO_SITE, NOMEM_BLOCK_TABLE_SITE(entry)),
                        memory_order_relaxed);
}

static uint64_t chunk_before(const unsigned char *block) {
  uint64_t word;
  memcpy(&word, block - sizeof word, sizeof word);
  return word;
}

static bool is_overrun(const unsigned char *block, uint64_t word) {
  bool is_guarded = NOMEM_BLOCK_TABLE_STATE(word) == NOMEM_BLOCK_TABLE_LIVE_GUARDED;
  if (NOMEM_BLOCK_TABLE_STATE(word) != NOMEM_BLOCK_TABLE_LIVE_CANARY && !is_guarded) return false;
  uint64_t size = NOMEM_BLOCK_TABLE_SIZE(word), slack = slack_of(block, size);
  for (uint64_t i = 0; i < slack; i++)
    if (block[size + i] != NOMEM_BLOCK_TABLE_CANARY) return true;
  if (is_guarded) return false;
  uint64_t bytes = nomem__block_table_chunk_bytes(chunk_before(block), size);
  return bytes != 0 && !nomem__block_table_is_chunk_in_use(chunk_before(block + bytes));
}

/* The word of the block in use that an address lies in, or 0. Blocks do not overlap, so the nearest one below the
 * address decides. Freed ones are passed over: they may have become part of a larger block since. */
static uint64_t word_around(uintptr_t address) {
  uintptr_t lowest = address > INSIDE_MAX_BYTES ? address - INSIDE_MAX_BYTES : 0;
  for (uintptr_t at = address / NOMEM_BLOCK_TABLE_GRAIN * NOMEM_BLOCK_TABLE_GRAIN; at > lowest;
       at -= NOMEM_BLOCK_TABLE_GRAIN) {
    uint64_t word = word_at(at);
    if (is_live(word)) return at + NOMEM_BLOCK_TABLE_SIZE(word) > address ? word : 0;
  }
  return 0;
}

/* Above the main thread's frames there is nothing but its stack, and above that the program's arguments and
 * environment. Where it runs on another stack (of a coroutine, of a signal), that is further below the end of its own
 * than the kernel places any mapping. */
static bool is_main_stack(uintptr_t address, uintptr_t cfa) {
  uintptr_t end = &__libc_stack_end == NULL ? 0 : (uintptr_t)__libc_stack_end;
  bool is_above = address >= cfa && address < end + ARGUMENTS_MAX_BYTES;
  return is_above && cfa < end && end - cfa < STACK_MAX_BYTES && nomem__thread_id() == nomem__process_id();
}

/* Whether no block can ever have been there, because the main thread's stack or a module is. */
static bool is_elsewhere(const void *address, void *cfa) {
  return nomem__module_has((uintptr_t)address) || is_main_stack((uintptr_t)address, (uintptr_t)cfa);
}

static uint32_t copy_frames(uint32_t number, nomem_frame *frame) {
  if (number >= NOMEM_BLOCK_TABLE_NO_SITE) return 0;
  const struct nomem_site *site = &channel->sites[number];
  uint32_t depth = site->depth < NOMEM_DEPTH ? site->depth : NOMEM_DEPTH;
  memcpy(frame, site->frame, depth * sizeof *frame);
  return depth;
}

static void note_misuse(enum nomem_misuse_kind kind, const void *block, uint64_t word, uint32_t site) {
  if (atomic_load_explicit(&channel->misuse_count, memory_order_relaxed) > INT32_MAX) return; /* lest it wrap */
  uint32_t index = atomic_fetch_add(&channel->misuse_count, 1);
  if (index >= NOMEM_MISUSES) return;
  struct nomem_misuse *misuse = &channel->misuses[index];
  misuse->kind = kind;
  misuse->pid = nomem__process_id();
  misuse->address = (uintptr_t)block;
  misuse->size_bytes = NOMEM_BLOCK_TABLE_SIZE(word);
  misuse->call_depth = copy_frames(site, misuse->call);
  misuse->block_depth = word == 0 ? 0 : copy_frames(NOMEM_BLOCK_TABLE_SITE(word), misuse->block);
  /* Then that is the call itself; or of a block in use, where it could not be reallocated. */
  bool is_freed_call = word == 0 || kind == NOMEM_MISUSE_WRITTEN || kind == NOMEM_MISUSE_OVERRUN;
  misuse->freed_depth = is_freed_call ? 0 : copy_frames(NOMEM_BLOCK_TABLE_FREED_AT(word), misuse->freed);
  atomic_store_explicit(&misuse->ready, 1, memory_order_release);
}

/* A quarantined block that has changed from its first byte on may have been overwritten from the block before it.
 * Reports that overrun, or returns false when there was none. */
static bool note_overrun_below(const unsigned char *block) {
  uintptr_t address = (uintptr_t)block, lowest = address - NOMEM_BLOCK_TABLE_QUARANTINED_SIZE_MAX;
  for (uintptr_t at = address - NOMEM_BLOCK_TABLE_GRAIN; at > lowest; at -= NOMEM_BLOCK_TABLE_GRAIN) {
    uint64_t word = word_at(at);
    if (nomem__blocks_is_quarantined(word)) return false;
    if (!is_live(word)) continue; /* nothing was there, or it has become part of a larger block */
    const unsigned char *below = (const unsigned char *)at; /* NOLINT: kept as a number */
    bool is_cause = is_overrun(below, word);
    if (is_cause) note_misuse(NOMEM_MISUSE_OVERRUN, below, word, NOMEM_BLOCK_TABLE_SITE(word));
    return is_cause;
  }
  return false;
}

static void check_poison(const unsigned char *block, uint64_t word) {
  struct nomem_block_table_poisoned poisoned = nomem__block_table_poisoned(NOMEM_BLOCK_TABLE_SIZE(word));
  for (unsigned i = 0; i < 2; i++) {
    uint64_t changed =
        nomem__block_table_changed(block + poisoned.from[i], poisoned.bytes[i], NOMEM_BLOCK_TABLE_POISON(block));
    if (changed == poisoned.bytes[i]) continue;
    if (poisoned.from[i] + changed > 0 || !note_overrun_below(block))
      note_misuse(NOMEM_MISUSE_WRITTEN, block, word, NOMEM_BLOCK_TABLE_FREED_AT(word));
    return;
  }
}

static void fill_poisoned(unsigned char *block, uint64_t size, uint64_t with) {
  struct nomem_block_table_poisoned poisoned = nomem__block_table_poisoned(size);
  for (unsigned i = 0; i < 2; i++)
    for (uint64_t at = 0; at < poisoned.bytes[i]; at += sizeof with) {
      uint64_t left = poisoned.bytes[i] - at;
      memcpy(block + poisoned.from[i] + at, &with, left < sizeof with ? left : sizeof with);
    }
}

/* Frees a block as if the program had just done so. The poison is removed: a poisoned pointer must only come from a
 * block that was read while in quarantine. */
static void release_block(uint64_t address, void (*release)(void *)) {
  unsigned char *block = (unsigned char *)(uintptr_t)address; /* NOLINT: kept as a number */
  _Atomic uint64_t *slot = word_of(address, false);
  uint64_t word = atomic_load_explicit(slot, memory_order_relaxed), size = NOMEM_BLOCK_TABLE_SIZE(word);
  check_poison(block, word);
  atomic_store_explicit(slot,
                        NOMEM_BLOCK_TABLE_WORD(NOMEM_BLOCK_TABLE_FREED, size, NOMEM_BLOCK_TABLE_FREED_AT(word),
                                               NOMEM_BLOCK_TABLE_SITE(word)),
                        memory_order_seq_cst);
  fill_poisoned(block, size, 0);
  atomic_fetch_sub(&block_table->quarantine_bytes, size);
  release(block);
}

static void release_slot(uint64_t number, uint64_t next, void (*release)(void *)) {
  uint64_t former = atomic_exchange(&block_table->quarantine[number % NOMEM_BLOCK_TABLE_QUARANTINED_BLOCKS], next);
  if (former != 0) release_block(former, release);
}

/* What the kernel does not close is poisoned, and stays where it is. */
static void close_block(void *block, uint64_t entry) {
  uint64_t size = NOMEM_BLOCK_TABLE_SIZE(entry);
  _Atomic uint64_t *slot = word_of((uintptr_t)block, false);
  if (NOMEM_BLOCK_TABLE_STATE(entry) != NOMEM_BLOCK_TABLE_LIVE_GUARDED || nomem__guarded_close(block, size)) return;
  fill_poisoned(block, size, NOMEM_BLOCK_TABLE_POISON(block));
  uint64_t word = atomic_load_explicit(slot, memory_order_relaxed);
  atomic_store_explicit(slot,
                        NOMEM_BLOCK_TABLE_WORD(NOMEM_BLOCK_TABLE_QUARANTINED, size, NOMEM_BLOCK_TABLE_FREED_AT(word),
                                               NOMEM_BLOCK_TABLE_SITE(word)),
                        memory_order_release);
}

bool nomem__blocks_quarantine(void *block, uint64_t entry, void (*release)(void *)) {
  uint64_t size = NOMEM_BLOCK_TABLE_SIZE(entry);
  if (nomem__guarded_has(block)) {
    close_block(block, entry);
    return true;
  }
  if (nomem__blocks_is_quarantined(entry)) return true;
  if (!is_live(entry) || size > NOMEM_BLOCK_TABLE_QUARANTINED_SIZE_MAX) return false;
  _Atomic uint64_t *slot = word_of((uintptr_t)block, false);
  uint64_t freed_at = NOMEM_BLOCK_TABLE_FREED_AT(atomic_load_explicit(slot, memory_order_relaxed));
  fill_poisoned(block, size, NOMEM_BLOCK_TABLE_POISON(block));
  atomic_store_explicit(
      slot, NOMEM_BLOCK_TABLE_WORD(NOMEM_BLOCK_TABLE_QUARANTINED, size, freed_at, NOMEM_BLOCK_TABLE_SITE(entry)),
      memory_order_release);
  atomic_fetch_add(&block_table->quarantine_bytes, size);
  uint64_t number = atomic_fetch_add(&block_table->quarantine_next, 1);
  release_slot(number, (uintptr_t)block, release);
  uint64_t first = atomic_load(&block_table->quarantine_first);
  while (atomic_load(&block_table->quarantine_bytes) > NOMEM_BLOCK_TABLE_QUARANTINED_BYTES && first < number) {
    if (number - first >= NOMEM_BLOCK_TABLE_QUARANTINED_BLOCKS) { /* these slots have been used again since */
      atomic_compare_exchange_strong(&block_table->quarantine_first, &first,
                                     number - NOMEM_BLOCK_TABLE_QUARANTINED_BLOCKS + 1);
    } else if (atomic_compare_exchange_strong(&block_table->quarantine_first, &first, first + 1)) {
      release_slot(first, 0, release);
      first++;
    }
  }
  return true;
}

bool nomem__blocks_is_quarantined(uint64_t entry) {
  return NOMEM_BLOCK_TABLE_STATE(entry) == NOMEM_BLOCK_TABLE_QUARANTINED;
}

bool nomem__blocks_may_quarantine(uint64_t entry) {
  return is_live(entry) && NOMEM_BLOCK_TABLE_SIZE(entry) <= NOMEM_BLOCK_TABLE_QUARANTINED_SIZE_MAX;
}

uint64_t nomem__blocks_leave(void *block, bool is_realloc, void *return_address, void *cfa) {
  _Atomic uint64_t *slot = word_of((uintptr_t)block, false);
  uint64_t word = slot == NULL ? 0 : atomic_load_explicit(slot, memory_order_relaxed);
  bool is_aligned = (uintptr_t)block % NOMEM_BLOCK_TABLE_GRAIN == 0;
  uint32_t site = number_of(nomem__site_find(channel, NOMEM_FN_MALLOC, 0, return_address, cfa));
  if (is_aligned && is_live(word)) {
    if (is_overrun(block, word)) note_misuse(NOMEM_MISUSE_OVERRUN, block, word, site);
    enum nomem_block_table_state freed = nomem__guarded_has(block) ? NOMEM_BLOCK_TABLE_CLOSED : NOMEM_BLOCK_TABLE_FREED;
    atomic_store_explicit(
        slot, NOMEM_BLOCK_TABLE_WORD(freed, NOMEM_BLOCK_TABLE_SIZE(word), site, NOMEM_BLOCK_TABLE_SITE(word)),
        memory_order_relaxed);
    return word;
  }
  bool was_freed = NOMEM_BLOCK_TABLE_STATE(word) == NOMEM_BLOCK_TABLE_FREED ||
                   NOMEM_BLOCK_TABLE_STATE(word) == NOMEM_BLOCK_TABLE_CLOSED || nomem__blocks_is_quarantined(word);
  uint64_t around = word_around((uintptr_t)block);
  if (around != 0)
    note_misuse(NOMEM_MISUSE_INSIDE, block, around, site);
  else if (is_aligned && was_freed)
    note_misuse(is_realloc ? NOMEM_MISUSE_REALLOC : NOMEM_MISUSE_TWICE, block, word, site);
  else if (is_elsewhere(block, cfa))
    note_misuse(NOMEM_MISUSE_FOREIGN, block, 0, site);
  return is_aligned ? word : 0;
}

void nomem__blocks_refused(void *block, void *return_address, void *cfa) {
  _Atomic uint64_t *slot = word_of((uintptr_t)block, false);
  uint64_t word = slot == NULL ? 0 : atomic_load_explicit(slot, memory_order_relaxed);
  if (!is_live(word) || (uintptr_t)block % NOMEM_BLOCK_TABLE_GRAIN != 0) return;
  uint32_t site = number_of(nomem__site_find(channel, NOMEM_FN_MALLOC, 0, return_address, cfa));
  atomic_store_explicit(slot,
                        NOMEM_BLOCK_TABLE_WORD(NOMEM_BLOCK_TABLE_STATE(word), NOMEM_BLOCK_TABLE_SIZE(word), site,
                                               NOMEM_BLOCK_TABLE_SITE(word)),
                        memory_order_relaxed);
}

void nomem__blocks_undo(void *block, uint64_t entry) {
  _Atomic uint64_t *word = word_of((uintptr_t)block, false);
  if (word != NULL && (uintptr_t)block % NOMEM_BLOCK_TABLE_GRAIN == 0)
    atomic_store_explicit(word, entry, memory_order_relaxed);
}
