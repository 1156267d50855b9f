/* SPDX-License-Identifier: MIT */
/* Decides about each allocation call of a run: the engine's own version of what faults/inject/injector.h declares. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "../../faults/inject/call_site.h"
#include "../../faults/inject/module_names.h"
#include "../../faults/nomem.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

/* Stacks with nothing left to try, by return address and distance from the base of the run: a watched call is looked
 * up by these two. Recursion makes stacks without end: once the table is three quarters full, new ones count as
 * finished. */
#define FINISHED_STACKS 65536 /* as many as first_slot() can address */
#define FINISHED_STACKS_MAX (FINISHED_STACKS / 4 * 3)

/* Sites of one input that are kept for its runs with a fault. */
#define RECORDED_MAX 4096

_Atomic uint32_t nomem__mode = 0;

/* The program has a malloc already, a sanitizer's, so the linker would not take ours from the archive. This name is
 * defined in the same file. */
__attribute__((used)) static bool *const links_backend = &nomem__sizes_known;

static struct nomem_channel *channel;
static _Atomic uint64_t finished[FINISHED_STACKS];

static struct tables {
  struct nomem_site_progress progress[NOMEM_SITES];
  struct nomem_recorded_site recorded[RECORDED_MAX];
} * tables;

static struct {
  enum nomem_run kind;
  uint32_t number;
  uintptr_t base;
  const struct nomem_plan *plan;
  struct nomem_plan_state state;
} run;

static _Atomic bool has_untried;
static _Atomic int64_t live_bytes;
static _Atomic uint32_t finished_count, recorded_count, failed_count;
static _Atomic uint64_t trace_calls, trace_hash;
static struct nomem_failed_call failed_calls[NOMEM_FAILED_MAX], last_failed;

static _Thread_local unsigned paused;

void nomem_pause(void) {
  paused++;
}

void nomem_resume(void) {
  if (paused > 0) paused--;
}

__attribute__((noinline)) void nomem_fault(void) {
  __asm__ volatile("" ::: "memory");
}

/* Live bytes are those of one run, and are counted only where the plan has a budget. */
void nomem__live_add(int64_t bytes) {
  if (nomem__keeps_live()) atomic_fetch_add_explicit(&live_bytes, bytes, memory_order_relaxed);
}

/* No call is served in a hostile way: the mode never asks for that. */
uint32_t nomem__serve(const struct nomem_call *asked, void *return_address, void *cfa) {
  (void)asked, (void)return_address, (void)cfa;
  return 0;
}

/* The engine does not count frees: see NOMEM_MODE_COUNT. */
void nomem__count_free(void) {
}

/* Equal only for the same return address at the same distance from the base. */
static inline uint64_t stack_key(const void *return_address, const void *cfa) {
  return (uintptr_t)return_address + (run.base - (uintptr_t)cfa) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline uint64_t first_slot(uint64_t key) {
  return (key * UINT64_C(0xd1342543de82ef95)) >> 48;
}

static _Atomic uint64_t *stack_slot(uint64_t key) {
  for (uint64_t i = first_slot(key);; i++) {
    _Atomic uint64_t *slot = &finished[i % FINISHED_STACKS];
    uint64_t found = atomic_load_explicit(slot, memory_order_relaxed);
    if (found == key || found == 0) return slot;
  }
}

static void mark_finished(uint64_t key) {
  if (atomic_fetch_add(&finished_count, 1) >= FINISHED_STACKS_MAX) {
    atomic_store(&finished_count, FINISHED_STACKS_MAX);
    return;
  }
  uint64_t none = 0;
  while (!atomic_compare_exchange_weak(stack_slot(key), &none, key) && none != key) none = 0;
}

static bool is_candidate(const struct nomem_site *site, struct nomem_site_progress *progress) {
  uint32_t answer = atomic_load_explicit(&progress->candidate, memory_order_relaxed);
  if (answer == 0) {
    int saved_errno = errno;
    uint32_t steps = nomem__campaign_steps(site->key);
    if (progress->steps < steps) progress->steps = steps < NOMEM_STEPS ? steps : NOMEM_STEPS;
    /* What another process of the campaign has tried may fail: looking up the names of a stack's functions takes long.
     */
    bool is_tried = steps > 0 && steps <= NOMEM_STEPS && !nomem__is_known_site(site->key);
    answer = is_tried || (steps == 0 && nomem__may_site_fail(channel, site)) ? 1 : 2;
    errno = saved_errno;
    atomic_store_explicit(&progress->candidate, answer, memory_order_relaxed);
  }
  return answer == 1;
}

/* Calls of this site in this run so far, this one included. */
static uint32_t count_call(struct nomem_site_progress *progress) {
  uint64_t now, before = atomic_load_explicit(&progress->calls, memory_order_relaxed);
  do {
    now = before >> 32 == run.number ? before + 1 : (uint64_t)run.number << 32 | 1;
  } while (!atomic_compare_exchange_weak_explicit(&progress->calls, &before, now, memory_order_relaxed,
                                                  memory_order_relaxed));
  return (uint32_t)now;
}

static void watch(const struct nomem_site *site, struct nomem_site_progress *progress, uint64_t key) {
  if (is_candidate(site, progress) && progress->steps < NOMEM_STEPS)
    atomic_store_explicit(&has_untried, true, memory_order_relaxed);
  else
    mark_finished(key);
}

static void record(const struct nomem_site *site, struct nomem_site_progress *progress) {
  if (count_call(progress) != 1) return;
  uint32_t index = atomic_fetch_add(&recorded_count, 1);
  if (index < RECORDED_MAX) tables->recorded[index].site = (uint32_t)(site - channel->sites);
}

/* Threads that allocate at the same time may lose one another's calls: their order differs each time anyway. */
static void trace(const struct nomem_site *site) {
  uint64_t hash = atomic_load_explicit(&trace_hash, memory_order_relaxed);
  hash = nomem__hash(hash, (uint64_t)(site - channel->sites));
  atomic_store_explicit(&trace_hash, hash, memory_order_relaxed);
  atomic_fetch_add_explicit(&trace_calls, 1, memory_order_relaxed);
}

static bool fails(const struct nomem_site *site, struct nomem_site_progress *progress, struct nomem_call *call,
                  size_t released_bytes) {
  if (!is_candidate(site, progress)) return false;
  const struct nomem_plan *plan = run.plan;
  call->site = site->key;
  call->occurrence = count_call(progress);
  int64_t live = atomic_load_explicit(&live_bytes, memory_order_relaxed) - (int64_t)released_bytes;
  call->live_bytes = live > 0 ? (uint64_t)live : 0;
  if (plan->has & NOMEM_HAS_IN) call->in_mask = nomem__site_match(channel, site, plan, NOMEM_HAS_IN);
  if (plan->has & NOMEM_HAS_MODULE) call->module_mask = nomem__site_match(channel, site, plan, NOMEM_HAS_MODULE);
  if (nomem__plan_decide(plan, &run.state, call) < 0) return false;
  uint32_t index = atomic_fetch_add(&failed_count, 1);
  last_failed = (struct nomem_failed_call){call->fn, call->size_bytes, call->occurrence, site};
  if (index < NOMEM_FAILED_MAX) failed_calls[index] = last_failed;
  nomem__totals.has_failed = true;
  nomem_fault();
  return true;
}

static bool decide_at_site(struct nomem_call *call, size_t released_bytes, uint64_t key, void *return_address,
                           void *cfa) {
  struct nomem_site *site = nomem__site_find(channel, call->fn, call->size_bytes, return_address, cfa);
  if (site == NULL) return false;
  struct nomem_site_progress *progress = &tables->progress[site - channel->sites];
  if (run.kind == NOMEM_RUN_FAULT) return fails(site, progress, call, released_bytes);
  if (run.kind == NOMEM_RUN_WATCH) {
    watch(site, progress, key);
  } else if (is_candidate(site, progress)) {
    trace(site);
    if (run.kind == NOMEM_RUN_RECORD) record(site, progress);
  }
  return false;
}

__attribute__((noinline)) static bool decide(enum nomem_fn fn, size_t size_bytes, size_t released_bytes,
                                             void *return_address, void *cfa) {
  uint64_t key = stack_key(return_address, cfa);
  bool is_finished = *stack_slot(key) == key || finished_count >= FINISHED_STACKS_MAX;
  if (paused > 0 || (run.kind == NOMEM_RUN_WATCH && is_finished)) return false;
  paused++;
  atomic_signal_fence(memory_order_seq_cst);
  struct nomem_call call = {.fn = fn, .size_bytes = size_bytes};
  bool fail = decide_at_site(&call, released_bytes, key, return_address, cfa);
  atomic_signal_fence(memory_order_seq_cst);
  paused--;
  return fail;
}

/* For nearly every call it is enough to compare one word. */
bool nomem__decide(enum nomem_fn fn, size_t size_bytes, size_t released_bytes, void *return_address, void *cfa) {
  uint64_t key = stack_key(return_address, cfa);
  if (run.kind == NOMEM_RUN_WATCH && atomic_load_explicit(&finished[first_slot(key)], memory_order_relaxed) == key)
    return false;
  return decide(fn, size_bytes, released_bytes, return_address, cfa);
}

static void *map(size_t bytes) {
  void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return pages == MAP_FAILED ? NULL : pages;
}

int nomem__decision_init(void) {
  channel = map(sizeof *channel);
  tables = map(sizeof *tables);
  return channel == NULL || tables == NULL ? -ENOMEM : nomem__site_init();
}

void nomem__decision_open(enum nomem_run kind, const struct nomem_plan *plan, void *base) {
  run.kind = kind;
  run.number++;
  run.base = (uintptr_t)base;
  run.plan = plan;
  if (kind == NOMEM_RUN_WATCH) {
    atomic_store_explicit(&has_untried, false, memory_order_relaxed);
  } else {
    if (kind == NOMEM_RUN_RECORD) atomic_store(&recorded_count, 0);
    atomic_store(&trace_calls, 0);
    atomic_store(&trace_hash, 0);
    run.state = (struct nomem_plan_state){0};
  }
  atomic_store(&failed_count, 0);
  nomem__site_limit(base);
  atomic_store(&live_bytes, 0);
  bool has_budget = plan != NULL && (plan->has & NOMEM_HAS_BUDGET);
  atomic_store_explicit(&nomem__mode, has_budget ? NOMEM_MODE_SITE | NOMEM_MODE_LIVE : NOMEM_MODE_SITE,
                        memory_order_release);
}

void nomem__decision_close(void) {
  atomic_store_explicit(&nomem__mode, 0, memory_order_release);
  const struct nomem_recorded_site *sites;
  uint32_t count = run.kind == NOMEM_RUN_RECORD ? nomem__decision_recorded(&sites) : 0;
  for (uint32_t i = 0; i < count; i++)
    tables->recorded[i].calls = (uint32_t)tables->progress[tables->recorded[i].site].calls;
}

bool nomem__decision_has_untried(void) {
  return atomic_load_explicit(&has_untried, memory_order_relaxed);
}

uint32_t nomem__decision_recorded(const struct nomem_recorded_site **sites) {
  uint32_t count = atomic_load(&recorded_count);
  *sites = tables->recorded;
  return count < RECORDED_MAX ? count : RECORDED_MAX;
}

struct nomem_trace nomem__decision_trace(void) {
  return (struct nomem_trace){.calls = atomic_load(&trace_calls), .hash = atomic_load(&trace_hash)};
}

struct nomem_site_progress *nomem__decision_progress(uint32_t site) {
  return &tables->progress[site];
}

void nomem__decision_leave_alone(uint32_t site) {
  tables->progress[site].steps = NOMEM_STEPS;
  nomem__campaign_note_step(channel->sites[site].key, NOMEM_STEPS + 1);
  atomic_store(&tables->progress[site].candidate, 2);
}

void nomem__decision_forget(void) {
  for (size_t i = 0; i < FINISHED_STACKS; i++) atomic_store_explicit(&finished[i], 0, memory_order_relaxed);
  atomic_store(&finished_count, 0);
  uint32_t count = nomem__decision_reach().sites;
  for (uint32_t i = 0; i < count; i++) atomic_store(&tables->progress[i].candidate, 0);
}

uint32_t nomem__decision_site(const struct nomem_failed_call *failed) {
  uintptr_t distance = (uintptr_t)failed->site - (uintptr_t)channel->sites;
  uint32_t count = nomem__decision_reach().sites;
  return distance < count * sizeof *channel->sites ? (uint32_t)(distance / sizeof *channel->sites) : UINT32_MAX;
}

const struct nomem_site *nomem__decision_site_of(uint64_t key) {
  uint32_t count = nomem__decision_reach().sites;
  for (uint32_t i = 0; i < count; i++)
    if (channel->sites[i].key == key) return &channel->sites[i];
  return NULL;
}

uint64_t nomem__decision_key(uint32_t site) {
  return channel->sites[site].key;
}

const struct nomem_channel *nomem__decision_channel(void) {
  return channel;
}

nomem_frame nomem__decision_frame(uintptr_t address) {
  uint64_t hash;
  return nomem__module_frame(channel, address, &hash);
}

struct nomem_reach nomem__decision_reach(void) {
  uint32_t count = atomic_load(&channel->site_count);
  struct nomem_reach reach = {.sites = count < NOMEM_SITES ? count : NOMEM_SITES};
  for (uint32_t i = 0; i < reach.sites; i++) reach.may_fail += atomic_load(&tables->progress[i].candidate) == 1;
  return reach;
}

uint32_t nomem__decision_failed(const struct nomem_failed_call **calls, const struct nomem_failed_call **last) {
  *calls = failed_calls;
  *last = &last_failed;
  return atomic_load(&failed_count);
}
