/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

/* The linker's names for the ends of the section that -fsanitize=fuzzer makes; NULL where no object has it. */
extern uint8_t __start___sancov_cntrs[] __attribute__((weak, visibility("hidden")));
extern uint8_t __stop___sancov_cntrs[] __attribute__((weak, visibility("hidden")));

/* AFL++'s, which has its own: the memory that it shares with the target, and its size. NULL elsewhere. */
extern uint8_t *__afl_area_ptr __attribute__((weak));
extern uint32_t __afl_map_size __attribute__((weak));

/* The fuzzer also takes the depth of the stack for coverage. The engine's own frames would add to it, by an amount that
 * depends on where the stack begins. The variable exists where the fuzzer does. */
extern _Thread_local uintptr_t __sancov_lowest_stack __attribute__((weak, tls_model("initial-exec")));
extern void _ZN6fuzzer6Fuzzer19StaticDeathCallbackEv(void) __attribute__((weak));

static uint8_t *largest, *edges[2]; /* the first is shared with the helper (scout.c) */
static size_t mapped_size;          /* of each of these */
static uintptr_t lowest_stack;

static bool has_fuzzer(void) {
  return &_ZN6fuzzer6Fuzzer19StaticDeathCallbackEv != NULL;
}

static bool has_afl(void) {
  return &__afl_area_ptr != NULL && &__afl_map_size != NULL;
}

static uint8_t *counters(void) {
  return has_afl() ? __afl_area_ptr : __start___sancov_cntrs;
}

/* The counters, where there is room to keep them; else NULL. */
static uint8_t *kept_counters(void) {
  return largest == NULL ? NULL : counters();
}

static size_t size_of_counters(void) {
  if (has_afl()) return __afl_area_ptr == NULL ? 0 : __afl_map_size;
  return (size_t)((uintptr_t)__stop___sancov_cntrs - (uintptr_t)__start___sancov_cntrs);
}

/* AFL++ learns the size from the parts of the program as they are loaded. */
static bool make_room(size_t size) {
  if (largest != NULL && size <= mapped_size) return true;
  if (largest != NULL) munmap(largest, mapped_size);
  if (largest != NULL) munmap(edges[NOMEM_EDGES_BEFORE], 2 * mapped_size);
  void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  void *more = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  largest = pages == MAP_FAILED || more == MAP_FAILED ? NULL : pages;
  mapped_size = size;
  if (largest == NULL) return false;
  edges[NOMEM_EDGES_BEFORE] = more;
  edges[NOMEM_EDGES_AFTER] = edges[NOMEM_EDGES_BEFORE] + size;
  return true;
}

/* Nearly all counters are 0, so eight are tested at a time. */
static void keep_larger(uint8_t *to, const uint8_t *from, size_t size) {
  size_t i = 0;
  for (; i + sizeof(uint64_t) <= size; i += sizeof(uint64_t)) {
    uint64_t word;
    __builtin_memcpy(&word, from + i, sizeof word);
    if (word == 0) continue;
    for (size_t j = i; j < i + sizeof word; j++) to[j] = from[j] > to[j] ? from[j] : to[j];
  }
  for (; i < size; i++) to[i] = from[i] > to[i] ? from[i] : to[i];
}

void nomem__counters_begin(void) {
  size_t size = size_of_counters();
  if (has_fuzzer()) lowest_stack = __sancov_lowest_stack;
  if (size == 0 || !make_room(size)) return;
  memcpy(largest, counters(), size);
  if (!has_afl()) nomem__campaign_note_clean(largest, size);
}

size_t nomem__counters_number(void) {
  return has_afl() ? 0 : size_of_counters();
}

void nomem__counters_clear(void) {
  uint8_t *now = kept_counters();
  if (now != NULL) memset(now, 0, size_of_counters());
}

/* How often a run with a fault has reached what the clean run reaches, too, says nothing of the input: credited are
 * other edges, as reached once, and to the first input of the campaign only. */
static bool credit_edges(bool all) {
  const uint8_t *now = counters();
  size_t size = size_of_counters();
  bool has_new = false;
  for (size_t i = 0; i < size; i++) {
    uint64_t word = 1;
    if (i % sizeof word == 0 && i + sizeof word <= size) memcpy(&word, now + i, sizeof word);
    if (word == 0) i += sizeof word - 1;
    if (word == 0 || now[i] == 0 || largest[i] != 0 || !(nomem__campaign_note_edge(i) || all)) continue;
    largest[i] = 1;
    has_new = true;
  }
  return has_new;
}

bool nomem__counters_merge(bool all) {
  if (largest == NULL) return false;
  if (!has_afl()) return credit_edges(all);
  keep_larger(largest, counters(), size_of_counters());
  return false;
}

void nomem__counters_end(void) {
  if (has_fuzzer()) __sancov_lowest_stack = lowest_stack;
  uint8_t *now = kept_counters();
  if (now != NULL) memcpy(now, largest, size_of_counters());
}

bool nomem__edges_are_telling(void) {
  const uint8_t *now = counters();
  size_t reached = 0;
  if (!has_fuzzer() || now == NULL) return true;
  for (size_t i = 0; i < size_of_counters() && reached < NOMEM_EDGES_TELLING; i++) reached += now[i] != 0;
  return size_of_counters() == 0 || reached >= NOMEM_EDGES_TELLING;
}

void nomem__edges_keep(enum nomem_edges when) {
  const uint8_t *now = kept_counters();
  if (now != NULL) memcpy(edges[when], now, size_of_counters());
}

void nomem__edges_add(enum nomem_edges when) {
  if (largest != NULL) keep_larger(edges[when], counters(), size_of_counters());
}

struct nomem_edges_difference nomem__edges_compare(void) {
  struct nomem_edges_difference difference = {0};
  for (size_t i = 0; largest != NULL && i < size_of_counters(); i++) {
    bool is_before = edges[NOMEM_EDGES_BEFORE][i] != 0, is_after = edges[NOMEM_EDGES_AFTER][i] != 0;
    difference.before += is_before;
    difference.lost += is_before && !is_after;
    difference.gained += is_after && !is_before;
  }
  return difference;
}
