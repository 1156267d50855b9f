#define _GNU_SOURCE
#include "site.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#include "../images.h"
#include "module.h"
#include "wall.h"

/* A set of WAYS stacks for each hash of (return address, frame address): wrappers such as xmalloc are called at one
 * depth from several places. Deeper stacks than memory has room for cost a real unwind each. */
#define SETS 2048
#define WAYS 4

/* How often each frame of a stack says where the next one lies: the return addresses, and their slots as distances in
 * bytes from the frame address. version is odd while a thread writes the entry; a reader that sees it change, or the
 * writer's own signal handler, unwinds instead. */
struct remembered {
  uint32_t version;
  uint32_t depth;
  uintptr_t return_address;
  uintptr_t cfa;
  uint64_t generation;
  struct nomem_site *site;
  uint32_t distance[NOMEM_DEPTH];
  uintptr_t value[NOMEM_DEPTH];
};

static struct remembered (*memory)[WAYS];
static _Atomic uint64_t generation = 1;
static _Atomic uint32_t next_victim;

struct walk {
  uintptr_t skip_below; /* frames of ours lie below the caller's frame address */
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
  if (address == 0 || walk->depth == NOMEM_DEPTH) return _URC_END_OF_STACK;
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

/* Compares from the inside out and stops at the first difference: only while all have matched is the next slot known
 * to lie in the stack. */
__attribute__((no_sanitize("address"))) static bool same_stack(const struct remembered *entry, uintptr_t cfa) {
  uint32_t depth = __atomic_load_n(&entry->depth, __ATOMIC_RELAXED);
  if (depth > NOMEM_DEPTH) return false;
  for (uint32_t i = 1; i < depth; i++) {
    const uintptr_t *slot = (const uintptr_t *)(cfa + __atomic_load_n(&entry->distance[i], __ATOMIC_RELAXED));
    if (load(slot) != load(&entry->value[i])) return false;
  }
  return true;
}

static struct nomem_site *recall(struct remembered *set, uintptr_t return_address, uintptr_t cfa) {
  uint64_t now = atomic_load_explicit(&generation, memory_order_acquire);
  for (unsigned way = 0; way < WAYS; way++) {
    struct remembered *entry = &set[way];
    uint32_t version = __atomic_load_n(&entry->version, __ATOMIC_ACQUIRE);
    if (load(&entry->return_address) != return_address || load(&entry->cfa) != cfa) continue;
    if ((version & 1) || entry->generation != now || !same_stack(entry, cfa)) continue;
    struct nomem_site *site = __atomic_load_n(&entry->site, __ATOMIC_RELAXED);
    atomic_thread_fence(memory_order_acquire);
    if (__atomic_load_n(&entry->version, __ATOMIC_RELAXED) == version) return site;
  }
  return NULL;
}

/* Only stacks whose return addresses all were where a call leaves them: not one that a signal handler runs on, nor a
 * machine that keeps return addresses elsewhere. */
static bool can_remember(uintptr_t cfa, const uintptr_t *address, const uintptr_t *slot, unsigned depth) {
  for (unsigned i = 0; i < depth; i++) {
    if (i > 0 && (slot[i] < cfa || slot[i] - cfa > UINT32_MAX)) return false;
    if (load((const uintptr_t *)slot[i]) != address[i]) return false;
  }
  return depth > 0;
}

static void remember(struct remembered *set, uintptr_t cfa, const uintptr_t *address, const uintptr_t *slot,
                     unsigned depth, struct nomem_site *site) {
  if (!can_remember(cfa, address, slot, depth)) return;
  struct remembered *entry = &set[atomic_fetch_add_explicit(&next_victim, 1, memory_order_relaxed) % WAYS];
  for (unsigned way = 0; way < WAYS; way++)
    if (set[way].return_address == 0) entry = &set[way];
  uint32_t version = __atomic_load_n(&entry->version, __ATOMIC_RELAXED);
  if ((version & 1) || !__atomic_compare_exchange_n(&entry->version, &version, version + 1, false, __ATOMIC_ACQUIRE,
                                                    __ATOMIC_RELAXED))
    return;
  atomic_thread_fence(memory_order_release);
  __atomic_store_n(&entry->return_address, address[0], __ATOMIC_RELAXED);
  __atomic_store_n(&entry->cfa, cfa, __ATOMIC_RELAXED);
  __atomic_store_n(&entry->depth, depth, __ATOMIC_RELAXED);
  __atomic_store_n(&entry->generation, atomic_load(&generation), __ATOMIC_RELAXED);
  __atomic_store_n(&entry->site, site, __ATOMIC_RELAXED);
  for (unsigned i = 1; i < depth; i++) {
    __atomic_store_n(&entry->distance[i], (uint32_t)(slot[i] - cfa), __ATOMIC_RELAXED);
    __atomic_store_n(&entry->value[i], address[i], __ATOMIC_RELAXED);
  }
  __atomic_store_n(&entry->version, version + 2, __ATOMIC_RELEASE);
}

/* Threads that meet in one new site write the same frames: the key is made of them. */
static struct nomem_site *enter(struct nomem_channel *channel, uint64_t key, const nomem_frame *frame, unsigned depth,
                                bool *is_new) {
  for (uint32_t probe = 0; probe < NOMEM_SITES; probe++) {
    struct nomem_site *site = &channel->sites[(key + probe) % NOMEM_SITES];
    uint64_t found = atomic_load_explicit(&site->key, memory_order_acquire);
    if (found == 0) {
      if (atomic_load(&channel->site_count) >= NOMEM_SITES / 4 * 3) return NULL;
      if (atomic_compare_exchange_strong(&site->key, &found, key)) {
        atomic_fetch_add(&channel->site_count, 1);
        found = key;
      }
    }
    if (found != key) continue;
    *is_new = atomic_load_explicit(&site->ready, memory_order_acquire) == 0;
    if (*is_new) {
      site->depth = depth;
      for (unsigned i = 0; i < depth; i++) site->frame[i] = frame[i];
    }
    return site;
  }
  return NULL;
}

static struct nomem_site *name_stack(struct nomem_channel *channel, const uintptr_t *address, unsigned depth,
                                     bool *is_new) {
  nomem_frame frame[NOMEM_DEPTH];
  unsigned kept = 0;
  uint64_t key = 0;
  for (unsigned i = 0; i < depth; i++) {
    uint64_t word;
    frame[kept] = nomem__module_frame(channel, address[i], &word);
    if (frame[kept] == 0) continue;
    key = nomem__hash(key, word);
    kept++;
  }
  key = nomem__hash(key, kept);
  return enter(channel, key == 0 ? 1 : key, frame, kept, is_new);
}

static void verify(struct nomem_channel *channel, const struct nomem_site *recalled, void *cfa) {
  if (!channel->verify) return;
  if (recalled == NULL) {
    atomic_fetch_add(&channel->stack_misses, 1);
    return;
  }
  atomic_fetch_add(&channel->stack_hits, 1);
  uintptr_t address[NOMEM_DEPTH], slot[NOMEM_DEPTH];
  bool is_new = false;
  unsigned depth = nomem__site_unwind(cfa, address, slot);
  if (name_stack(channel, address, depth, &is_new) != recalled) atomic_fetch_add(&channel->stack_mismatches, 1);
}

struct nomem_site *nomem__site_find(struct nomem_channel *channel, void *return_address, void *cfa, bool *is_new) {
  uint64_t hash = nomem__hash(nomem__hash(0, (uintptr_t)return_address), (uintptr_t)cfa);
  struct remembered *set = memory[(hash >> 32) % SETS];
  struct nomem_site *site = recall(set, (uintptr_t)return_address, (uintptr_t)cfa);
  if (__builtin_expect(channel->verify != 0, 0)) verify(channel, site, cfa);
  if (site != NULL) return site;

  int saved_errno = errno;
  uintptr_t address[NOMEM_DEPTH], slot[NOMEM_DEPTH];
  unsigned depth = nomem__site_unwind(cfa, address, slot);
  if (depth == 0) { /* code without unwind tables: the caller alone */
    address[0] = (uintptr_t)return_address;
    slot[0] = (uintptr_t)cfa - sizeof(uintptr_t);
    depth = 1;
  }
  site = name_stack(channel, address, depth, is_new);
  if (site != NULL) remember(set, (uintptr_t)cfa, address, slot, depth, site);
  errno = saved_errno;
  return site;
}

int nomem__site_init(void) {
  if (memory == NULL) {
    void *pages = mmap(NULL, sizeof(struct remembered[SETS][WAYS]), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return -ENOMEM;
    memory = pages;
    uintptr_t address[NOMEM_DEPTH], slot[NOMEM_DEPTH];
    nomem__site_unwind(NULL, address, slot); /* the unwinder's first use sets it up */
  }
  nomem__site_forget();
  return 0;
}

void nomem__site_forget(void) {
  atomic_fetch_add(&generation, 1);
}

/* What in= and module= say of a site does not change while plan and site live: kept per process, by site slot. */
struct match {
  _Atomic uint64_t generation;
  uint32_t in_mask, module_mask;
};

/* Who made the call: the first frame outside the run-times, which call malloc for others, or one of theirs by name. */
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

uint32_t nomem__site_match(const struct nomem_channel *channel, const struct nomem_site *site,
                           const struct nomem_plan *plan, enum nomem_condition condition) {
  static struct match *_Atomic cache;
  if (atomic_load(&cache) == NULL) {
    void *pages = mmap(NULL, sizeof(struct match[NOMEM_SITES]), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return 0;
    struct match *none = NULL;
    if (!atomic_compare_exchange_strong(&cache, &none, pages)) munmap(pages, sizeof(struct match[NOMEM_SITES]));
  }
  struct match *match = &atomic_load(&cache)[site - channel->sites];
  uint64_t now = atomic_load(&generation);
  if (atomic_load_explicit(&match->generation, memory_order_acquire) != now) {
    int saved_errno = errno;
    uint32_t in_mask = 0, module_mask = 0;
    for (uint32_t r = 0; r < plan->rule_count; r++) {
      const struct nomem_rule *rule = &plan->rule[r];
      if ((rule->has & NOMEM_HAS_IN) && has_function(channel, site, rule->in)) in_mask |= 1u << r;
      if ((rule->has & NOMEM_HAS_MODULE) && called_from(channel, site, rule->module)) module_mask |= 1u << r;
    }
    match->in_mask = in_mask;
    match->module_mask = module_mask;
    atomic_store_explicit(&match->generation, now, memory_order_release);
    errno = saved_errno;
  }
  return condition == NOMEM_HAS_IN ? match->in_mask : match->module_mask;
}
