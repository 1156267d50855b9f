/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "held_watch.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

#include "../../block_table_format.h"
#include "../process/tracees.h"
#include "../residue/heap_blocks.h"
#include "../run/channel_copy.h"
#include "../stack/memory_map.h"
#include "../stack/stack_trace.h"
#include "../text/memory.h"
#include "heap_misuse.h"

/* More stack, or more variables, than this are not read: then nothing is known. */
#define READ_BYTES_MAX (UINT64_C(16) << 20)
#define PIECE_BYTES 4096

struct reading {
  const struct nomem__held_watch *watch;
  struct nomem__process_image image;
  struct nomem__heap_blocks blocks;
  uint64_t read_bytes;
};

static void hold(struct reading *reading, uint64_t word) {
  if (!nomem__heap_blocks_may_have(&reading->blocks, word)) return;
  struct nomem__heap_block *block = nomem__heap_blocks_find(&reading->blocks, word);
  if (block != NULL) block->is_held = true;
}

/* Takes each word of a stretch of memory for a pointer. Returns false when it cannot be read. */
static bool hold_all(struct reading *reading, uint64_t start, uint64_t end) {
  uint64_t words[PIECE_BYTES / sizeof(uint64_t)];
  start = (start + 7) & ~UINT64_C(7);
  reading->read_bytes += end > start ? end - start : 0;
  if (reading->read_bytes > READ_BYTES_MAX) return false;
  while (start + sizeof *words <= end) {
    size_t wanted = end - start < sizeof words ? (size_t)(end - start) & ~(size_t)7 : sizeof words;
    size_t got = reading->image.read(&reading->image, start, words, wanted) & ~(size_t)7;
    for (size_t i = 0; i < got / sizeof *words; i++) hold(reading, words[i]);
    if (got < wanted) return false;
    start += got;
  }
  return true;
}

/* What test code and all its callers keep on the stack, and what test code left in registers. */
static bool hold_frames(struct reading *reading, const struct nomem__stack *stack,
                        const struct nomem__saved_registers *saved, unsigned test) {
  const struct nomem__memory_map *map = &reading->image.map;
  uint64_t from = stack->frames[test - 1].cfa;
  if (from == 0 || !saved[test].are_known) return false;
  for (size_t i = 0; i < NOMEM__SAVED_REGISTERS; i++) hold(reading, saved[test].value[i]);
  hold(reading, stack->frames[test].frame_pointer);
  const struct nomem__area *area = nomem__memory_map_find_area(map, from);
  return area != NULL && hold_all(reading, from, area->end);
}

/* What stands in the variables of the run's program: those that were given a value lie in its file, the others right
 * behind. */
static bool hold_variables(struct reading *reading) {
  const struct nomem__memory_map *map = &reading->image.map;
  bool is_program = false;
  for (size_t i = 0; i < map->area_count; i++) {
    const struct nomem__area *area = &map->areas[i];
    bool follows = is_program && area->inode == 0 && *area->path == '\0' && area->start == area[-1].end;
    is_program = follows || nomem__code_owners_has_program(reading->watch->code_owners, area->path);
    if (is_program && area->is_writable && !hold_all(reading, area->start, area->end)) return false;
  }
  return true;
}

/* Whether test code made the calls of a site for itself. */
static bool is_tests_site(const struct nomem__code_owners *code_owners, const struct nomem_channel *copy,
                          uint32_t number) {
  struct nomem__trace trace = {0};
  nomem__site_trace(copy, number, code_owners->symbols, &trace);
  return trace.depth > 0 && nomem__is_test_call(code_owners, &trace);
}

/* What stands in the blocks that test code allocated for itself. copy: of the pages, with their sites. */
static bool hold_blocks_of_test(struct reading *reading, const struct nomem_channel *copy) {
  enum { UNKNOWN, TESTS, OTHERS };
  unsigned char *owners = nomem__calloc(NOMEM_BLOCK_TABLE_NO_SITE, sizeof *owners);
  bool is_read = true;
  for (size_t i = 0; i < reading->blocks.count && is_read; i++) {
    const struct nomem__heap_block *block = &reading->blocks.list[i];
    if (block->is_quarantined || block->site >= NOMEM_BLOCK_TABLE_NO_SITE) continue;
    unsigned char *owner = &owners[block->site];
    if (*owner == UNKNOWN) *owner = is_tests_site(reading->watch->code_owners, copy, block->site) ? TESTS : OTHERS;
    if (*owner == TESTS) is_read = hold_all(reading, block->address, block->address + block->size);
  }
  free(owners);
  return is_read;
}

static void keep_others(struct nomem__held_watch *watch, const struct nomem__heap_blocks *blocks) {
  watch->blocks = nomem__calloc(blocks->count + 1, sizeof *watch->blocks);
  for (size_t i = 0; i < blocks->count; i++)
    if (!blocks->list[i].is_held && !blocks->list[i].is_quarantined)
      watch->blocks[watch->count++] = blocks->list[i].address;
}

/* The address of a process's block table, which it has written itself; 0: it has none. */
static uint64_t find_block_table(const struct nomem_channel *pages, pid_t pid) {
  if (pages->screening.first.pid == pid) return pages->screening.first.block_table;
  for (uint32_t i = 0; i < NOMEM_CHILD_REPORTS; i++)
    if (pages->child_reports[i].pid == pid) return pages->child_reports[i].block_table;
  return 0;
}

static bool read_held(struct nomem__held_watch *watch, const struct nomem__stack *stack,
                      const struct nomem__saved_registers *saved, unsigned test) {
  struct reading *reading = nomem__calloc(1, sizeof *reading);
  struct nomem_channel *copy = nomem__channel_copy_new();
  uint64_t table = find_block_table(watch->pages, stack->pid);
  reading->watch = watch;
  bool is_read = table != 0 && copy != NULL && nomem__channel_copy_sites(copy, watch->pages) &&
                 nomem__process_image_open(&reading->image, stack->tid) == 0 &&
                 nomem__heap_blocks_read(&reading->blocks, &reading->image, table) == 0 &&
                 hold_frames(reading, stack, saved, test) && hold_variables(reading) &&
                 hold_blocks_of_test(reading, copy);
  if (is_read) keep_others(watch, &reading->blocks);
  if (reading->image.read != NULL) nomem__process_image_free(&reading->image);
  nomem__heap_blocks_free(&reading->blocks);
  nomem__channel_copy_free(copy);
  free(reading);
  return is_read;
}

static void note_fault(struct nomem__held_watch *watch, struct nomem__stacks *stacks, pid_t tid) {
  struct nomem__status status;
  struct nomem__stack stack;
  struct nomem__saved_registers saved[NOMEM__STACK_DEPTH];
  struct nomem__trace trace;
  nomem__status_read(tid, &status); /* the process is the one that the kernel says */
  if (nomem__stack_capture_saved(stacks, status.pid, tid, &stack, saved) != 0) return;
  nomem__trace_of_stack(&stack, &trace);
  unsigned test = nomem__next_test_call(watch->code_owners, &trace, 0);
  if (test > 0 && test < trace.depth) watch->is_known = read_held(watch, &stack, saved, test);
}

/* The watcher is the first member. */
static struct nomem__held_watch *watch_of(struct nomem__stop_watcher *watcher) {
  return (struct nomem__held_watch *)watcher;
}

static uint32_t begin(struct nomem__stop_watcher *watcher, const struct nomem_channel *pages) {
  struct nomem__held_watch *watch = watch_of(watcher);
  nomem__held_watch_free(watch);
  watch->is_seen = watch->is_known = false;
  watch->pages = pages;
  return NOMEM_STOP_EACH;
}

static enum nomem__stop_action stopped(struct nomem__stop_watcher *watcher, struct nomem__stacks *stacks, pid_t tid,
                                       int signal) {
  struct nomem__held_watch *watch = watch_of(watcher);
  struct nomem_fault fault;
  siginfo_t info;
  if (signal != SIGSTOP || ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) != 0 || info.si_code != SI_TKILL)
    return NOMEM_ACTION_DELIVER;
  for (uint32_t i = 0; i < NOMEM_FAULTS; i++) {
    if (!nomem__channel_copy_fault(watch->pages, i, &fault) || fault.tid != tid) continue;
    if (!watch->is_seen && i == 0) note_fault(watch, stacks, tid);
    watch->is_seen = true;
    return NOMEM_ACTION_CONTINUE;
  }
  return NOMEM_ACTION_DELIVER;
}

struct nomem__stop_watcher *nomem__held_watch_prepare(struct nomem__held_watch *watch,
                                                      const struct nomem__code_owners *code_owners) {
  nomem__held_watch_free(watch);
  *watch = (struct nomem__held_watch){.watcher = {.begin = begin, .stopped = stopped}, .code_owners = code_owners};
  return &watch->watcher;
}

static int by_address(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

bool nomem__held_watch_may_have(const struct nomem__held_watch *watch, uint64_t block) {
  if (!watch->is_known) return true;
  return watch->count == 0 || bsearch(&block, watch->blocks, watch->count, sizeof block, by_address) == NULL;
}

void nomem__held_watch_free(struct nomem__held_watch *watch) {
  free(watch->blocks);
  watch->blocks = NULL;
  watch->count = 0;
}
