/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "call_site.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#include "../program_kinds.h"
#include "main_frame.h"
#include "module_names.h"
#include "populate.h"
#include "unwind_rules.h"

#include "forbidden_calls.h"

/* Room for remembered stacks: more than most programs have sites, because one site may be reached at several depths. A
 * stack that finds no room replaces another. */
#define STACKS 8192
#define SLOT_SETS 8192
#define WAYS 2
/* So many have room at first, and so many of these have their pages at once. */
#define FIRST_STACKS 256
#define POPULATED_STACKS 64
/* Stacks that share their inner frames are distinguished one difference at a time; more are not worth the search. */
#define HOPS_MAX 8

/* The words that identify a stack (see unwind_rules.h), as distances in bytes from the frame address, and their values.
 *
 * A stack is first searched under the hash of its return address and frame address. If the entry found there differs in
 * word i, the search goes on under a hash of that difference: i and the value that the word has instead. Every stack is
 * entered where its own search ended, so wrappers such as xmalloc, called at one depth from a hundred places, take one
 * more step.
 *
 * version is odd while a thread writes the entry. A reader that sees it change, or that runs in a signal handler of the
 * writer, unwinds instead. */
struct remembered {
  uint32_t version;
  uint32_t words;
  uint64_t key; /* under which it was entered */
  uint64_t generation;
  struct nomem_site *site;
  int32_t distance[NOMEM_TRAIL_WORDS];
  uintptr_t value[NOMEM_TRAIL_WORDS];
};

/* Stacks are kept in the order in which they came, so that few pages are used; slots find them by the hash of a key. */
static struct table {
  _Atomic uint32_t slot[SLOT_SETS][WAYS]; /* number of the stack plus 1; 0: none */
  struct remembered stack[STACKS];
} * table;
static struct nomem__growing_map table_map;
static struct nomem__growing_map *channel_map; /* NULL: the channel is mapped as a whole */

static _Atomic uint64_t generation = 1;
static _Atomic uint32_t stacks_used;
static _Atomic uint64_t unwinds;
static _Atomic bool main_began;
static _Atomic uintptr_t outermost = UINTPTR_MAX; /* stacks end below this frame address */

struct walk {
  uintptr_t skip_below; /* our own frames lie below the caller's frame address */
  uintptr_t *address;
  uintptr_t *slot;
  unsigned depth;
};

/* The address a frame of the walk returns to lies in the word below the canonical frame address of the one it called.
 * (The unwinder calls a frame's "CFA" the stack pointer in it, which is the same thing.) */
static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *argument) {
  struct walk *walk = argument;
  uintptr_t cfa = (uintptr_t)_Unwind_GetCFA(context);
  if (cfa < walk->skip_below) return _URC_NO_REASON;
  uintptr_t address = (uintptr_t)_Unwind_GetIP(context);
  if (address == 0 || walk->depth == NOMEM_DEPTH || cfa >= atomic_load_explicit(&outermost, memory_order_relaxed))
    return _URC_END_OF_STACK;
  walk->address[walk->depth] = address;
  walk->slot[walk->depth] = cfa - sizeof(uintptr_t);
  walk->depth++;
  return _URC_NO_REASON;
}

unsigned nomem__site_unwind(void *cfa, uintptr_t *addresses, uintptr_t *slots) {
  struct walk walk = {.skip_below = (uintptr_t)cfa, .address = addresses, .slot = slots};
  _Unwind_Backtrace(step, &walk);
  return walk.depth;
}

static uintptr_t load(const uintptr_t *word) {
  return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* The first word that differs, counted from 1, with its value in *value; 0 when all are the same. It stops at the first
 * difference, because the next word is known to lie in the stack only while all before it match. */
__attribute__((no_sanitize("address"))) static uint32_t first_difference(const struct remembered *entry, uintptr_t cfa,
                                                                         uintptr_t *value) {
  uint32_t words = __atomic_load_n(&entry->words, __ATOMIC_RELAXED);
  for (uint32_t i = 0; i < words && i < NOMEM_TRAIL_WORDS; i++) {
    intptr_t distance = __atomic_load_n(&entry->distance[i], __ATOMIC_RELAXED);
    *value = load((const uintptr_t *)(cfa + (uintptr_t)distance));
    if (*value != load(&entry->value[i])) return i + 1;
  }
  return 0;
}

static struct remembered *find_entry(uint64_t key, uint64_t now) {
  for (unsigned way = 0; way < WAYS; way++) {
    uint32_t number = atomic_load_explicit(&table->slot[(key >> 32) % SLOT_SETS][way], memory_order_acquire);
    if (number == 0) continue;
    struct remembered *entry = &table->stack[number - 1];
    if (__atomic_load_n(&entry->key, __ATOMIC_RELAXED) == key &&
        __atomic_load_n(&entry->generation, __ATOMIC_RELAXED) == now)
      return entry;
  }
  return NULL;
}

/* The site of the stack if it is remembered; otherwise NULL, and *key is what to remember it under. */
static struct nomem_site *find_remembered(uintptr_t cfa, uint64_t *key) {
  uint64_t now = atomic_load_explicit(&generation, memory_order_acquire);
  for (unsigned hop = 0; hop < HOPS_MAX; hop++) {
    struct remembered *entry = find_entry(*key, now);
    if (entry == NULL) return NULL;
    uint32_t version = __atomic_load_n(&entry->version, __ATOMIC_ACQUIRE);
    if (version & 1) return NULL;
    uintptr_t value = 0;
    uint32_t word = first_difference(entry, cfa, &value);
    struct nomem_site *site = __atomic_load_n(&entry->site, __ATOMIC_RELAXED);
    uint64_t still = __atomic_load_n(&entry->key, __ATOMIC_RELAXED);
    atomic_thread_fence(memory_order_acquire);
    if (still != *key || __atomic_load_n(&entry->version, __ATOMIC_RELAXED) != version) return NULL;
    if (word == 0) return site;
    *key = nomem__hash(*key, value + word);
  }
  return NULL;
}

static void put_in_slot(uint64_t key, uint64_t now, uint32_t number) {
  _Atomic uint32_t *set = table->slot[(key >> 32) % SLOT_SETS];
  unsigned way = number % WAYS;
  for (unsigned i = 0; i < WAYS; i++) {
    uint32_t other = atomic_load_explicit(&set[i], memory_order_relaxed);
    if (other == 0 || __atomic_load_n(&table->stack[other - 1].generation, __ATOMIC_RELAXED) != now) way = i;
  }
  atomic_store_explicit(&set[way], number + 1, memory_order_release);
}

__attribute__((noinline)) static void remember(uint64_t key, uintptr_t cfa, const uintptr_t *address,
                                               const uintptr_t *slot, unsigned depth, struct nomem_site *site) {
  const uintptr_t *word[NOMEM_TRAIL_WORDS];
  uint64_t now = atomic_load(&generation);
  int words = nomem__unwind_trail(cfa, address, slot, depth, now, word);
  if (words < 0) return;
  uint32_t number = atomic_fetch_add_explicit(&stacks_used, 1, memory_order_relaxed) % STACKS;
  if (!nomem__growing_map_reach(&table_map, offsetof(struct table, stack[number + 1]))) return;
  struct remembered *entry = &table->stack[number];
  uint32_t version = __atomic_load_n(&entry->version, __ATOMIC_RELAXED);
  if ((version & 1) ||
      !__atomic_compare_exchange_n(&entry->version, &version, version + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return;
  atomic_thread_fence(memory_order_release);
  __atomic_store_n(&entry->key, key, __ATOMIC_RELAXED);
  __atomic_store_n(&entry->generation, now, __ATOMIC_RELAXED);
  __atomic_store_n(&entry->words, (uint32_t)words, __ATOMIC_RELAXED);
  __atomic_store_n(&entry->site, site, __ATOMIC_RELAXED);
  for (int i = 0; i < words; i++) {
    __atomic_store_n(&entry->distance[i], (int32_t)((uintptr_t)word[i] - cfa), __ATOMIC_RELAXED);
    __atomic_store_n(&entry->value[i], load(word[i]), __ATOMIC_RELAXED);
  }
  __atomic_store_n(&entry->version, version + 2, __ATOMIC_RELEASE);
  put_in_slot(key, now, number);
}

/* NULL: there is no room for it in this process. */
static struct nomem_site *site_at(struct nomem_channel *channel, uint32_t number) {
  bool is_there = channel_map == NULL || channel_map->start != (char *)channel ||
                  nomem__growing_map_reach(channel_map, offsetof(struct nomem_channel, sites[number + 1]));
  return is_there ? &channel->sites[number] : NULL;
}

/* A site is complete before a slot points to it. Of two threads that reach a new site together, one enters it, and what
 * the other has prepared stays unused. */
static struct nomem_site *enter_site(struct nomem_channel *channel, const struct nomem_site *new_site, uint64_t key) {
  struct nomem_site *mine = NULL;
  uint32_t number = 0;
  for (uint64_t probe = 0; probe < NOMEM_NEAR_PROBES + NOMEM_SITE_SLOTS; probe++) {
    _Atomic uint32_t *slot = nomem__site_slot(channel, key, probe);
    uint32_t found = atomic_load_explicit(slot, memory_order_acquire);
    if (found == 0) {
      if (mine == NULL) {
        number = atomic_load_explicit(&channel->site_count, memory_order_relaxed);
        if (number >= NOMEM_SITES || site_at(channel, number) == NULL) return NULL;
        number = atomic_fetch_add(&channel->site_count, 1);
        mine = number < NOMEM_SITES ? site_at(channel, number) : NULL;
        if (mine == NULL) return NULL;
        *mine = *new_site;
        atomic_store_explicit(&mine->key, key, memory_order_release);
      }
      if (atomic_compare_exchange_strong(slot, &found, number + 1)) return mine;
    }
    struct nomem_site *other = site_at(channel, (found - 1) % NOMEM_SITES);
    if (other == NULL) return NULL;
    if (atomic_load_explicit(&other->key, memory_order_acquire) != key) continue;
    if (mine != NULL) atomic_store(&mine->key, 0);
    return other;
  }
  return NULL;
}

/* Fills in the frames of a stack, without the injector's own, and returns their key. */
static uint64_t name_stack(struct nomem_channel *channel, const uintptr_t *address, unsigned depth,
                           struct nomem_site *site) {
  uint64_t key = 0;
  site->depth = 0;
  for (unsigned i = 0; i < depth; i++) {
    uint64_t word;
    site->frame[site->depth] = nomem__module_frame(channel, address[i], &word);
    if (site->frame[site->depth] == 0) continue;
    key = nomem__hash(key, word);
    site->depth++;
  }
  key = nomem__hash(key, site->depth);
  return key == 0 ? 1 : key;
}

__attribute__((noinline)) static void verify(struct nomem_channel *channel, const struct nomem_site *remembered_site,
                                             void *cfa) {
  if (!channel->verify) return;
  if (remembered_site == NULL) {
    atomic_fetch_add(&channel->stack_misses, 1);
    return;
  }
  atomic_fetch_add(&channel->stack_hits, 1);
  uintptr_t address[NOMEM_DEPTH], slot[NOMEM_DEPTH];
  struct nomem_site now;
  unsigned depth = nomem__site_unwind(cfa, address, slot);
  if (name_stack(channel, address, depth, &now) != remembered_site->key)
    atomic_fetch_add(&channel->stack_mismatches, 1);
}

struct stack {
  uintptr_t address[NOMEM_DEPTH], slot[NOMEM_DEPTH];
  unsigned depth;
};

__attribute__((noinline)) static struct nomem_site *name_site(struct nomem_channel *channel, enum nomem_fn fn,
                                                              uint64_t size_bytes, const struct stack *stack) {
  struct nomem_site new_site = {.fn = fn,
                                .first_size = size_bytes,
                                .first_nth = nomem__channel_calls(channel),
                                .before_main = !atomic_load_explicit(&main_began, memory_order_relaxed)};
  return enter_site(channel, &new_site, name_stack(channel, stack->address, stack->depth, &new_site));
}

/* A program's signal stack may have room for little more than the unwinder: what is needed before it and after it is
 * not on the stack at the same time. */
__attribute__((noinline)) static struct nomem_site *find_by_unwinding(struct nomem_channel *channel, enum nomem_fn fn,
                                                                      uint64_t size_bytes, void *return_address,
                                                                      void *cfa, uint64_t key) {
  struct stack stack;
  stack.depth = nomem__site_unwind(cfa, stack.address, stack.slot);
  nomem__main_frame_see(stack.slot, stack.depth);
  if (stack.depth == 0) { /* there are no unwind tables: the caller is the whole stack */
    stack.address[0] = (uintptr_t)return_address;
    stack.slot[0] = (uintptr_t)cfa - sizeof(uintptr_t);
    stack.depth = 1;
  }
  struct nomem_site *site = name_site(channel, fn, size_bytes, &stack);
  if (site != NULL) remember(key, (uintptr_t)cfa, stack.address, stack.slot, stack.depth, site);
  return site;
}

struct nomem_site *nomem__site_find(struct nomem_channel *channel, enum nomem_fn fn, uint64_t size_bytes,
                                    void *return_address, void *cfa) {
  uint64_t key = nomem__hash(nomem__hash(0, (uintptr_t)return_address), (uintptr_t)cfa);
  struct nomem_site *site = find_remembered((uintptr_t)cfa, &key);
  if (__builtin_expect(channel->verify != 0, 0)) verify(channel, site, cfa);
  if (site != NULL) return site;
  int saved_errno = errno;
  atomic_fetch_add_explicit(&unwinds, 1, memory_order_relaxed);
  site = find_by_unwinding(channel, fn, size_bytes, return_address, cfa, key);
  errno = saved_errno;
  return site;
}

uint64_t nomem__site_unwinds(void) {
  return atomic_load_explicit(&unwinds, memory_order_relaxed);
}

int nomem__site_init(void) {
  if (table == NULL) {
    table = nomem__growing_map_make(&table_map, -1, offsetof(struct table, stack[FIRST_STACKS]), sizeof *table);
    if (table == NULL) return -ENOMEM;
    nomem__populate(table, offsetof(struct table, stack[POPULATED_STACKS]));
    uintptr_t address[NOMEM_DEPTH], slot[NOMEM_DEPTH];
    nomem__site_unwind(NULL, address, slot); /* the unwinder sets itself up when it is first used */
    nomem__module_program();                 /* read here, so that no two threads read it at once */
  }
  nomem__site_forget();
  return 0;
}

void nomem__site_grow_in(struct nomem__growing_map *map) {
  channel_map = map;
}

uint64_t nomem__site_memory(size_t *bytes) {
  *bytes = sizeof *table;
  return (uintptr_t)table;
}

void nomem__site_limit(void *cfa) {
  atomic_store_explicit(&outermost, (uintptr_t)cfa, memory_order_relaxed);
}

void nomem__site_forget(void) {
  atomic_fetch_add(&generation, 1);
  atomic_store(&stacks_used, 0);
}

void nomem__site_main(void) {
  atomic_store(&main_began, true);
}

/* Whether in= and module= match a site does not change while plan and site exist: the answers are kept per process, by
 * site. Threads that look at a new site together write the same masks. */
struct match {
  _Atomic uint64_t generation;
  _Atomic uint64_t in_mask, module_mask;
};

/* Whether the caller's module matches. The caller is the first frame outside the run-times, which call malloc for
 * others; a run-time on the way may be named, too. */
static bool called_from(const struct nomem_channel *channel, const struct nomem_site *site, const char *glob) {
  for (uint32_t i = 0; i < site->depth && i < NOMEM_DEPTH; i++) {
    unsigned module = NOMEM_FRAME_MODULE(site->frame[i]);
    if (module == 0 || module > NOMEM_MODULES) return false;
    const char *base_name = nomem__module_base_name(channel->modules[module - 1].path);
    if (nomem__glob(glob, base_name)) return true;
    if (!nomem__is_runtime(base_name)) return false;
  }
  return false;
}

static bool has_function(const struct nomem_channel *channel, const struct nomem_site *site, const char *glob) {
  for (uint32_t i = 0; i < site->depth && i < NOMEM_DEPTH; i++)
    if (nomem__module_function_matches(channel, site->frame[i], glob)) return true;
  return false;
}

uint64_t nomem__site_match(const struct nomem_channel *channel, const struct nomem_site *site,
                           const struct nomem_plan *plan, enum nomem_condition condition) {
  static struct match *_Atomic cache;
  int saved_errno = errno;
  if (atomic_load(&cache) == NULL) {
    void *pages = mmap(NULL, sizeof(struct match[NOMEM_SITES]), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) {
      errno = saved_errno;
      return 0;
    }
    struct match *none = NULL;
    if (!atomic_compare_exchange_strong(&cache, &none, pages)) munmap(pages, sizeof(struct match[NOMEM_SITES]));
  }
  struct match *match = &atomic_load(&cache)[site - channel->sites];
  uint64_t now = atomic_load(&generation);
  if (atomic_load_explicit(&match->generation, memory_order_acquire) != now) {
    uint64_t in_mask = 0, module_mask = 0;
    for (uint32_t r = 0; r < plan->rule_count; r++) {
      const struct nomem_rule *rule = &plan->rule[r];
      if ((rule->has & NOMEM_HAS_IN) && has_function(channel, site, rule->in)) in_mask |= UINT64_C(1) << r;
      if ((rule->has & NOMEM_HAS_MODULE) && called_from(channel, site, rule->module)) module_mask |= UINT64_C(1) << r;
    }
    atomic_store_explicit(&match->in_mask, in_mask, memory_order_relaxed);
    atomic_store_explicit(&match->module_mask, module_mask, memory_order_relaxed);
    atomic_store_explicit(&match->generation, now, memory_order_release);
    errno = saved_errno;
  }
  return atomic_load_explicit(condition == NOMEM_HAS_IN ? &match->in_mask : &match->module_mask, memory_order_relaxed);
}
