/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "heap_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../block_table_format.h"
#include "../../program_kinds.h"
#include "../text/hash.h"
#include "../text/memory.h"
#include "heap_blocks.h"
#include "locked_mutex.h"
#include "ring_leaks.h"

/* With this bound a scan takes about a second at the most. */
#define SCANNED_BYTES_MAX (UINT64_C(1) << 30)
#define SITES_MAX 4096
#define BUFFER_BYTES 65536
#define PAGE_BYTES UINT64_C(4096)
/* A function that calls no other may use so much below the stack pointer. */
#define RED_ZONE_BYTES 128

struct scan {
  const struct nomem__process_image *image;
  const struct nomem_channel *channel;
  const struct nomem_exit_report *report;
  struct nomem__heap_blocks blocks;
  size_t *pending; /* reachable blocks whose contents have not been scanned yet */
  size_t pending_count;
  /* The injector's own memory, and where guarded blocks lie. */
  struct nomem__memory_range own_memory[NOMEM_BLOCK_TABLE_PARTS + 5];
  size_t own_count;
  uint64_t scanned_bytes;
  struct nomem__mutex_holders holders;
  struct nomem__heap_residue *heap;
  uint32_t *leak_of_site; /* by site, its number in the list of leaks, plus 1; 0: none. NULL: no leak yet */
};

static size_t read_memory(const struct scan *scan, uint64_t address, void *buffer, size_t bytes) {
  uint64_t copied = bytes;
  const unsigned char *copy = nomem__heap_blocks_copy_at(&scan->blocks, address, &copied);
  if (copy == NULL || copied < bytes) return scan->image->read(scan->image, address, buffer, bytes);
  memcpy(buffer, copy, bytes);
  return bytes;
}

static void exclude(struct scan *scan, uint64_t start, uint64_t bytes) {
  scan->own_memory[scan->own_count++] = (struct nomem__memory_range){start, start + bytes};
}

static int read_blocks(struct scan *scan) {
  int result = nomem__heap_blocks_read(&scan->blocks, scan->image, scan->report->block_table);
  exclude(scan, scan->report->block_table, sizeof(struct nomem_block_table));
  exclude(scan, scan->report->stacks, scan->report->stacks_bytes);
  exclude(scan, scan->report->main_frame, scan->report->main_frame_bytes);
  scan->own_memory[scan->own_count++] = scan->blocks.guarded_memory;
  for (size_t i = 0; i < scan->blocks.part_count; i++) scan->own_memory[scan->own_count++] = scan->blocks.parts[i];
  scan->heap->guarded = scan->blocks.guarded;
  scan->heap->guarded_count = scan->blocks.guarded_count;
  scan->blocks.guarded = NULL;
  return result;
}

/* Whether an address is that of the header of glibc's next block. glibc's own lists of free blocks point there, and it
 * still lies in this block. */
static bool is_next_header(const struct nomem__heap_block *block, uint64_t address) {
  return !block->is_guarded && address == block->address + block->size + nomem__block_table_slack(block->size) - 8;
}

static void mark_reachable(struct scan *scan, uint64_t address, bool by_allocator) {
  struct nomem__heap_block *block = nomem__heap_blocks_find(&scan->blocks, address);
  if (block == NULL || block->is_reachable || (by_allocator && is_next_header(block, address))) return;
  block->is_reachable = true;
  scan->pending[scan->pending_count++] = (size_t)(block - scan->blocks.list);
}

static void mark_indirect(struct scan *scan, const struct nomem__heap_block *from, uint64_t address) {
  struct nomem__heap_block *block = nomem__heap_blocks_find(&scan->blocks, address);
  if (block != NULL && !block->is_reachable && block != from) block->is_indirect = true;
}

/* Counts the mutex that a word belongs to, if it is the second word of one that is locked. */
static void count_mutex(struct scan *scan, uint64_t address, uint64_t word) {
  uint64_t words[NOMEM__MUTEX_WORDS];
  if (!nomem__mutex_may_be_held(word, &scan->holders)) return;
  if (read_memory(scan, address - sizeof *words, words, sizeof words) != sizeof words) return;
  scan->heap->locked_mutexes += nomem__mutex_is_locked(words);
}

/* Takes each of these words, which are at an address, for a pointer: see scan_memory. Hardly any of them is one, or the
 * holder of a mutex, so this is told first. */
static void scan_words(struct scan *scan, const uint64_t *words, size_t count, uint64_t address, bool by_allocator,
                       const struct nomem__heap_block *from) {
  const uint64_t lowest = scan->blocks.lowest, reach = scan->blocks.highest - lowest;
  for (size_t i = 0; i < count; i++) {
    uint64_t word = words[i];
    if (word - lowest > reach && !nomem__mutex_may_have_holder(word)) continue;
    if (from != NULL) {
      mark_indirect(scan, from, word);
      continue;
    }
    count_mutex(scan, address + i * 8, word);
    mark_reachable(scan, word, by_allocator);
  }
}

/* Takes every word of a stretch of memory for a pointer. Where from is NULL, the memory is reachable, and so is what it
 * points to; otherwise it is that leaked block, and what it points to is leaked indirectly. by_allocator: the memory
 * may hold glibc's own lists. Returns 0, or -E2BIG when this is too much. */
static int scan_memory(struct scan *scan, uint64_t start, uint64_t end, bool by_allocator,
                       const struct nomem__heap_block *from) {
  static uint64_t buffer[BUFFER_BYTES / sizeof(uint64_t)];
  scan->scanned_bytes += end - start;
  if (scan->scanned_bytes > SCANNED_BYTES_MAX) return -E2BIG;
  start = (start + 7) & ~UINT64_C(7);
  while (start + 8 <= end) {
    uint64_t left = (end - start) & ~UINT64_C(7), got = left;
    const void *words = nomem__heap_blocks_copy_at(&scan->blocks, start, &got);
    got &= ~UINT64_C(7);
    bool is_copied = words != NULL && got > 0;
    if (!is_copied) {
      if (left > sizeof buffer) left = sizeof buffer;
      words = buffer;
      got = scan->image->read(scan->image, start, buffer, left) & ~UINT64_C(7);
    }
    scan_words(scan, words, got / 8, start, by_allocator, from);
    start += got;
    if (!is_copied && got < left) start = (start / PAGE_BYTES + 1) * PAGE_BYTES; /* that page cannot be read */
  }
  return 0;
}

/* Whether a block was written past its end. Where it fills the C library's block there is no canary, and the header of
 * the next block tells. */
static bool is_canary_changed(const struct scan *scan, const struct nomem__heap_block *block) {
  unsigned char end[NOMEM_GUARDED_CANARY_MAX];
  uint64_t slack =
      block->is_guarded ? nomem__guarded_slack(block->address, block->size) : nomem__block_table_slack(block->size);
  if (!block->has_canary || slack > sizeof end) return false;
  if (read_memory(scan, block->address + block->size, end, slack) != slack) return false;
  for (uint64_t i = 0; i < slack; i++)
    if (end[i] != NOMEM_BLOCK_TABLE_CANARY) return true;
  uint64_t word, at = block->address - sizeof word;
  if (slack != 0 || block->is_guarded || read_memory(scan, at, &word, sizeof word) != sizeof word) return false;
  at += nomem__block_table_chunk_bytes(word, block->size);
  return at > block->address && read_memory(scan, at, &word, sizeof word) == sizeof word &&
         !nomem__block_table_is_chunk_in_use(word);
}

/* Whether a quarantined block was written. */
static bool is_poison_changed(const struct scan *scan, const struct nomem__heap_block *block) {
  unsigned char bytes[2 * NOMEM_BLOCK_TABLE_POISON_BYTES];
  struct nomem_block_table_poisoned filled = nomem__block_table_poisoned(block->size);
  for (unsigned i = 0; i < 2; i++) {
    uint64_t count = filled.bytes[i];
    if (count > sizeof bytes) return false;
    if (read_memory(scan, block->address + filled.from[i], bytes, count) != count) return false;
    uint64_t changed = nomem__block_table_changed(bytes, count, NOMEM_BLOCK_TABLE_POISON(block->address));
    if (changed < count) return true;
  }
  return false;
}

/* Keeps the first misused block by address: what is written past the end of one may go on into the next. */
static void check_misuse(struct scan *scan, const struct nomem__heap_block *block) {
  struct nomem__heap_residue *heap = scan->heap;
  if (heap->has_misuse || (block->is_quarantined ? !is_poison_changed(scan, block) : !is_canary_changed(scan, block)))
    return;
  heap->has_misuse = true;
  heap->misuse =
      (struct nomem__late_misuse){.kind = block->is_quarantined ? NOMEM_MISUSE_WRITTEN : NOMEM_MISUSE_OVERRUN,
                                  .site = block->site,
                                  .freed_at = block->freed_at};
}

/* Scans a stretch of memory, but of more than a page only what was ever touched: nothing else can hold a pointer.
 * Memory that is shared another process may have filled. */
static int scan_touched(struct scan *scan, uint64_t start, uint64_t end, bool by_allocator, bool is_shared) {
  bool may_ask = !is_shared && scan->image->find_touched != NULL && end - start > PAGE_BYTES;
  int result = 0;
  while (start < end && result == 0) {
    uint64_t from = start, to = end;
    if (may_ask) scan->image->find_touched(scan->image, &from, &to);
    if (from < to) result = scan_memory(scan, from, to, by_allocator, NULL);
    start = to;
  }
  return result;
}

/* Scans a stretch of writable memory, but not the injector's own, nor the blocks in it. */
static int scan_root(struct scan *scan, uint64_t start, uint64_t end, bool by_allocator, bool is_shared) {
  while (start < end) {
    uint64_t stop = end, skip_to = end;
    for (size_t i = 0; i < scan->own_count; i++) {
      const struct nomem__memory_range *range = &scan->own_memory[i];
      if (range->end <= start || range->start >= stop) continue;
      stop = range->start > start ? range->start : start;
      skip_to = range->end;
    }
    const struct nomem__heap_block *next = nomem__heap_blocks_first_behind(&scan->blocks, start);
    if (next != NULL && next->address < stop) {
      stop = next->address > start ? next->address : start;
      skip_to = next->address + next->size;
    }
    int result = scan_touched(scan, start, stop, by_allocator, is_shared);
    if (result != 0) return result;
    start = skip_to > start ? skip_to : start + 1;
  }
  return 0;
}

/* Whether the program can write there, or could before the area was protected: the dynamic linker protects what lies
 * right before the part of a module that stays writable. */
static bool may_have_pointers(const struct scan *scan, const struct nomem__area *area) {
  if (strncmp(area->path, "/memfd:nomem-", 13) == 0 || strncmp(area->path, "/dev/", 5) == 0) return false;
  const struct nomem__area *next = area + 1;
  bool was_written = next < scan->image->map.areas + scan->image->map.area_count && next->start == area->end &&
                     next->is_writable && next->inode == area->inode;
  return area->is_readable && !area->is_executable && (area->is_writable || area->inode == 0 || was_written);
}

static int scan_area(struct scan *scan, const struct nomem__area *area) {
  uint64_t start = area->start, end = area->end;
  if (!may_have_pointers(scan, area)) return 0;
  /* Freed memory still holds old pointers, so of the heap only reachable blocks are scanned. Without address
   * randomisation the program's variables and the heap are one area. An allocator that is not the C library's may have
   * blocks there that it did not give by malloc. */
  bool is_known = scan->channel->screening.allocator == 0;
  if (is_known && strcmp(area->path, "[heap]") == 0 && scan->image->heap_start < end)
    end = scan->image->heap_start > start ? scan->image->heap_start : start;
  uint64_t frames = scan->image->stack_pointer - RED_ZONE_BYTES, returned_to = scan->report->returned_to;
  if (frames > start && frames < end) {
    start = frames;
    /* What main() and its callees left there still stands among the frames of the exit handlers. */
    if (returned_to > start && returned_to < end) start = returned_to;
  }
  const struct nomem__heap_block *within = nomem__heap_blocks_first_behind(&scan->blocks, start);
  bool is_library = nomem__glob("libc.so.*", nomem__base_name(area->path));
  return scan_root(scan, start, end, is_library || (within != NULL && within->address < end), area->is_shared);
}

static int follow_pending(struct scan *scan) {
  int result = 0;
  while (scan->pending_count > 0 && result == 0) {
    const struct nomem__heap_block *block = &scan->blocks.list[scan->pending[--scan->pending_count]];
    result = scan_memory(scan, block->address, block->address + block->size, false, NULL);
  }
  return result;
}

static int find_reachable(struct scan *scan) {
  scan->pending = nomem__calloc(scan->blocks.count + 1, sizeof *scan->pending);
  for (size_t i = 0; i < NOMEM__IMAGE_REGISTERS; i++) mark_reachable(scan, scan->image->registers[i], false);
  int result = 0;
  for (size_t i = 0; i < scan->image->map.area_count && result == 0; i++)
    result = scan_area(scan, &scan->image->map.areas[i]);
  return result == 0 ? follow_pending(scan) : result;
}

/* Of the blocks that are not reachable, finds those that main() held when it returned. */
static int find_held(struct scan *scan) {
  const struct nomem_exit_report *report = scan->report;
  if (report->main_frame_bytes == 0) return 0;
  for (size_t i = 0; i < scan->blocks.count; i++) scan->blocks.list[i].is_held = !scan->blocks.list[i].is_reachable;
  int result = scan_memory(scan, report->main_frame, report->main_frame + report->main_frame_bytes, false, NULL);
  if (result == 0) result = follow_pending(scan);
  for (size_t i = 0; i < scan->blocks.count; i++) {
    struct nomem__heap_block *block = &scan->blocks.list[i];
    bool was_leaked = block->is_held;
    block->is_held = was_leaked && block->is_reachable;
    if (was_leaked) block->is_reachable = false;
  }
  return result;
}

/* Notes the small numbers among these words, of 32 or 64 bits, and the blocks that they lead to. */
static void note_numbers(struct scan *scan, const uint64_t *words, size_t count, bool *is_seen) {
  for (size_t i = 0; i < count; i++) {
    uint32_t low = (uint32_t)words[i], high = (uint32_t)(words[i] >> 32);
    if (low < 64) scan->heap->held_numbers |= UINT64_C(1) << low;
    if (high < 64 && high > 0) scan->heap->held_numbers |= UINT64_C(1) << high;
    struct nomem__heap_block *block = nomem__heap_blocks_find(&scan->blocks, words[i]);
    size_t number = block != NULL ? (size_t)(block - scan->blocks.list) : 0;
    if (block == NULL || is_seen[number]) continue;
    is_seen[number] = true;
    scan->pending[scan->pending_count++] = number;
  }
}

/* Returns 0, or -E2BIG when this is too much. */
static int note_numbers_in(struct scan *scan, uint64_t start, uint64_t bytes, bool *is_seen) {
  uint64_t words[512];
  scan->scanned_bytes += bytes;
  if (scan->scanned_bytes > SCANNED_BYTES_MAX) return -E2BIG;
  for (uint64_t at = 0; at < bytes; at += sizeof words) {
    uint64_t wanted = bytes - at < sizeof words ? bytes - at : sizeof words;
    memset(words, 0xff, sizeof words);
    if (read_memory(scan, start + at, words, wanted) != wanted) return 0;
    note_numbers(scan, words, (wanted + 7) / 8, is_seen);
  }
  return 0;
}

/* What main() had when it returned may be descriptors: it may leave them to the kernel. */
static int find_held_numbers(struct scan *scan) {
  const struct nomem_exit_report *report = scan->report;
  if (report->main_frame_bytes == 0 || report->descriptors == 0 || scan->channel->fault_count != 1) return 0;
  bool *is_seen = nomem__calloc(scan->blocks.count + 1, sizeof *is_seen);
  int result = note_numbers_in(scan, report->main_frame, report->main_frame_bytes, is_seen);
  while (scan->pending_count > 0 && result == 0) {
    const struct nomem__heap_block *block = &scan->blocks.list[scan->pending[--scan->pending_count]];
    result = note_numbers_in(scan, block->address, block->size, is_seen);
  }
  free(is_seen);
  return result;
}

/* The call that allocated: the first frame outside the run-times. */
static uint64_t hash_culprit(const struct nomem_channel *channel, uint32_t site) {
  uint32_t depth = channel->sites[site].depth;
  for (uint32_t i = 0; i < depth && i < NOMEM_DEPTH; i++) {
    nomem_frame frame = channel->sites[site].frame[i];
    unsigned module = NOMEM_FRAME_MODULE(frame);
    if (module == 0 || module > NOMEM_MODULES) continue;
    char path[NOMEM_PATH_BYTES];
    memcpy(path, channel->modules[module - 1].path, sizeof path);
    path[sizeof path - 1] = '\0';
    const char *name = nomem__base_name(path);
    if (nomem__is_runtime(name)) continue;
    return nomem__hash_bytes(NOMEM_FRAME_OFFSET(frame), name, strlen(name));
  }
  return 0;
}

static int by_key(const void *left, const void *right) {
  const struct nomem__leak_site *a = left, *b = right;
  return a->key < b->key ? -1 : a->key > b->key;
}

static void add_leak(struct scan *scan, const struct nomem__heap_block *block) {
  struct nomem__heap_residue *heap = scan->heap;
  uint64_t key = block->site < NOMEM_BLOCK_TABLE_NO_SITE ? scan->channel->sites[block->site].key : 0;
  if (key == 0) return; /* there is no stack to show */
  if (scan->leak_of_site == NULL)
    scan->leak_of_site = nomem__calloc(NOMEM_BLOCK_TABLE_NO_SITE, sizeof *scan->leak_of_site);
  uint32_t *number = &scan->leak_of_site[block->site];
  if (*number == 0 && heap->leak_count == SITES_MAX) return;
  if (*number == 0) {
    heap->leaks[heap->leak_count++] =
        (struct nomem__leak_site){.key = key, .culprit = hash_culprit(scan->channel, block->site), .site = block->site};
    *number = (uint32_t)heap->leak_count;
  }
  struct nomem__leak_site *leak = &heap->leaks[*number - 1];
  if (leak->address_count < NOMEM_LEAK_ADDRESSES) leak->address[leak->address_count] = block->address;
  leak->address_count++;
  leak->blocks++;
  leak->bytes += block->size;
  leak->held_blocks += block->is_held;
  leak->held_bytes += block->is_held ? block->size : 0;
  if (block->freed_at < NOMEM_BLOCK_TABLE_NO_SITE) leak->lost_by = block->freed_at + 1;
}

static int list_leaks(struct scan *scan) {
  size_t all = 0;
  int result = 0;
  for (size_t i = 0; i < scan->blocks.count && result == 0; i++) {
    const struct nomem__heap_block *block = &scan->blocks.list[i];
    check_misuse(scan, block);
    if (!block->is_reachable) result = scan_memory(scan, block->address, block->address + block->size, false, block);
  }
  if (result != 0) return result;
  nomem__ring_leaks_mark(&scan->blocks, scan->image, scan->channel, SCANNED_BYTES_MAX - scan->scanned_bytes);
  for (size_t i = 0; i < scan->blocks.count; i++) all += !scan->blocks.list[i].is_reachable;
  scan->heap->leaks = nomem__calloc(all < SITES_MAX ? all + 1 : SITES_MAX, sizeof *scan->heap->leaks);
  for (size_t i = 0; i < scan->blocks.count; i++) {
    const struct nomem__heap_block *block = &scan->blocks.list[i];
    if (!block->is_reachable && !block->is_indirect) add_leak(scan, block);
  }
  qsort(scan->heap->leaks, scan->heap->leak_count, sizeof *scan->heap->leaks, by_key);
  return 0;
}

static int list_quarantined(struct scan *scan) {
  struct nomem__heap_residue *heap = scan->heap;
  size_t count = 0;
  for (size_t i = 0; i < scan->blocks.count; i++) count += scan->blocks.list[i].is_quarantined;
  if (count > NOMEM_BLOCK_TABLE_QUARANTINED_BLOCKS) count = NOMEM_BLOCK_TABLE_QUARANTINED_BLOCKS;
  heap->quarantined = nomem__calloc(count + 1, sizeof *heap->quarantined);
  for (size_t i = 0; i < scan->blocks.count && heap->quarantined_count < count; i++) {
    const struct nomem__heap_block *block = &scan->blocks.list[i];
    if (block->is_quarantined)
      heap->quarantined[heap->quarantined_count++] =
          (struct nomem__quarantined){block->address, block->size, block->site, block->freed_at};
  }
  return 0;
}

/* In a run without a fault any lock counts, whoever holds it: so that fewer seem new in others. */
static struct nomem__mutex_holders find_holders(const struct nomem_channel *channel,
                                                const struct nomem_exit_report *report) {
  const struct nomem_fault *fault = &channel->faults[0];
  struct nomem__mutex_holders holders = {{0}};
  if (channel->fault_count == 0 || !fault->ready) return holders;
  holders.tid[0] = report->pid;
  holders.tid[1] = fault->pid == report->pid ? fault->tid : report->pid;
  return holders;
}

int nomem__heap_scan(const struct nomem__process_image *image, const struct nomem_channel *channel,
                     const struct nomem_exit_report *report, struct nomem__heap_residue *heap) {
  struct scan *scan = nomem__calloc(1, sizeof *scan);
  *heap = (struct nomem__heap_residue){0};
  scan->image = image;
  scan->channel = channel;
  scan->report = report;
  scan->heap = heap;
  scan->holders = find_holders(channel, report);
  int result = read_blocks(scan);
  if (result == 0) result = list_quarantined(scan);
  if (result == 0) result = find_reachable(scan);
  if (result == 0) result = find_held(scan);
  if (result == 0) result = find_held_numbers(scan);
  if (result == 0) result = list_leaks(scan);
  if (result != 0) nomem__heap_residue_free(heap);
  nomem__heap_blocks_free(&scan->blocks);
  free(scan->leak_of_site);
  free(scan->pending);
  free(scan);
  return result;
}

int nomem__heap_scan_process(pid_t pid, const struct nomem_channel *channel, const struct nomem_exit_report *report,
                             struct nomem__heap_residue *heap) {
  struct nomem__process_image image = {0};
  *heap = (struct nomem__heap_residue){0};
  if (report->block_table == 0) return -ENOENT;
  int result = nomem__process_image_open(&image, pid);
  if (result == 0) result = nomem__heap_scan(&image, channel, report, heap);
  nomem__process_image_free(&image);
  return result;
}
