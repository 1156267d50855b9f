/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "injector.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../nomem.h"
#include "block_table.h"
#include "call_site.h"
#include "exit_report.h"
#include "fork_server.h"
#include "hostile.h"
#include "process_id.h"
#include "sanitizer.h"

#include "forbidden_calls.h"

/* How many stacks are unwound of calls that fail after NOMEM_FAULTS others: a tenth of a second. */
#define LATE_UNWINDS 4096

static struct nomem_channel *channel;
static struct nomem_plan plan;
static _Atomic uint32_t threads_seen;
static _Atomic uint64_t last_unwind; /* see is_site_needed; 0: not known yet */

_Atomic uint32_t *nomem__epoch;
static _Atomic uint32_t last_epoch;
_Thread_local struct nomem__quick nomem__quick;

static _Thread_local struct {
  unsigned paused; /* greater than 0: calls pass, because the user paused or the injector itself is at work */
  uint32_t number; /* thread number for thread=, in the scope that number_epoch was read in */
  uint32_t number_epoch;
  uint32_t epoch; /* in which counts was assigned */
  struct nomem_counts *counts;
  const struct nomem_site *site; /* of the last call; NULL: not known */
  bool has_call;                 /* the next is what is known of that call */
  struct nomem_call call;
} self;

struct nomem_channel *nomem__channel(void) {
  return channel;
}

void nomem_pause(void) {
  self.paused++;
  nomem__quick.epoch_and_one = 0;
}

void nomem_resume(void) {
  if (self.paused > 0) self.paused--;
}

/* The empty statement keeps the calls: without it the compiler removes them, because they do nothing. */
__attribute__((noinline)) void nomem_fault(void) {
  __asm__ volatile("" ::: "memory");
}

/* Assigns this thread counters of its own, and counts. The last slot is shared by all threads that come too late for
 * one: they keep no epoch, and so come here for each call. */
__attribute__((noinline)) static void count_slowly(unsigned fn, bool is_free) {
  uint32_t now = atomic_load(nomem__epoch);
  if (now == 0) { /* a forked child's first call: of the threads that may be here, one decides */
    uint32_t fresh = atomic_fetch_add(&last_epoch, 1) + 1;
    bool is_forked = atomic_compare_exchange_strong(nomem__epoch, &now, fresh);
    now = is_forked ? fresh : atomic_load(nomem__epoch);
    if (is_forked) nomem__process_id_forked();
    if (is_forked && channel->watch == NOMEM_WATCH_BLOCK_TABLE && !nomem__has_sanitizer)
      nomem__exit_report_enter(channel);
  }
  struct nomem_counts *counts = &channel->counts[NOMEM_COUNTS - 1];
  uint32_t slot = NOMEM_COUNTS;
  if (atomic_load(&channel->counts_used) < NOMEM_COUNTS) slot = atomic_fetch_add(&channel->counts_used, 1);
  if (slot < NOMEM_COUNTS - 1) {
    counts = &channel->counts[slot];
    self.counts = counts;
    self.epoch = now;
  }
  atomic_fetch_add_explicit(is_free ? &counts->frees : &counts->calls[fn], 1, memory_order_relaxed);
}

/* Counts a call of the current thread, which must not be paused. */
static inline void count(unsigned fn, bool is_free) {
  uint32_t now = atomic_load_explicit(nomem__epoch, memory_order_relaxed);
  if (__builtin_expect(self.epoch != now || now == 0, 0)) {
    count_slowly(fn, is_free);
    return;
  }
  nomem__quick.counts = self.counts;
  atomic_signal_fence(memory_order_release); /* a signal handler may count in between */
  nomem__quick.epoch_and_one = now + 1;
  _Atomic uint64_t *counter = is_free ? &self.counts->frees : &self.counts->calls[fn];
  atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

void nomem__count_free(void) {
  uint32_t mode = atomic_load_explicit(&nomem__mode, memory_order_relaxed);
  if ((mode & NOMEM_MODE_COUNT) && self.paused == 0) count(0, true);
}

void nomem__count_errno(void) {
  if (atomic_load_explicit(&nomem__mode, memory_order_relaxed) & NOMEM_MODE_COUNT)
    atomic_fetch_add_explicit(&channel->errno_lost, 1, memory_order_relaxed);
}

void nomem__blocks_add(int blocks, int64_t bytes) {
  if ((atomic_load_explicit(&nomem__mode, memory_order_relaxed) & NOMEM_MODE_BLOCKS) == 0) return;
  uint64_t number = (uint64_t)blocks * NOMEM_LIVE_BLOCK + (uint64_t)bytes;
  atomic_fetch_add_explicit(&channel->screening.live, number, memory_order_relaxed);
}

const struct nomem_site *nomem__last_site(void) {
  return self.site;
}

void nomem__live_add(int64_t bytes) {
  if (nomem__keeps_live()) atomic_fetch_add_explicit(&channel->live_bytes, bytes, memory_order_relaxed);
}

/* Only for plans with thread=. The main thread is 1. The others are numbered from 2 in the
 * order of their first allocation, whether or not the main thread allocates, and anew in each scope. */
static void find_thread(struct nomem_call *call) {
  uint32_t now = atomic_load_explicit(nomem__epoch, memory_order_relaxed);
  call->main_thread = nomem__thread_id() == nomem__process_id();
  call->thread = 1;
  if (call->main_thread) return;
  if (self.number_epoch != now || self.number == 0) self.number = 2 + atomic_fetch_add(&threads_seen, 1);
  self.number_epoch = now;
  call->thread = self.number;
}

/* Returns NULL where another thread, 64 faults behind, is still writing what would be replaced. */
static struct nomem_fault *claim_fault(uint32_t index) {
  if (index < NOMEM_FAULTS) return &channel->faults[index];
  struct nomem_fault *fault = &channel->last_faults[(index - NOMEM_FAULTS) % NOMEM_LAST_FAULTS];
  return atomic_exchange(&fault->is_being_written, 1) == 0 ? fault : NULL;
}

/* ways: how it was served; 0: it failed. */
static void write_fault(struct nomem_fault *fault, const struct nomem_call *call, const struct nomem_site *site,
                        uint32_t ways) {
  atomic_store(&fault->ready, 0);
  fault->fn = call->fn;
  fault->pid = nomem__process_id();
  fault->tid = nomem__thread_id();
  fault->size_bytes = call->size_bytes;
  fault->nth = nomem__channel_calls(channel);
  fault->site = call->site;
  fault->occurrence = call->occurrence;
  fault->hostile = ways;
  fault->depth = site != NULL ? site->depth : 0;
  for (uint32_t i = 0; i < fault->depth; i++) fault->frame[i] = site->frame[i];
  atomic_store_explicit(&fault->ready, 1, memory_order_release);
  atomic_store_explicit(&fault->is_being_written, 0, memory_order_release);
}

static void record_fault(const struct nomem_call *call, const struct nomem_site *site) {
  if (atomic_load_explicit(&channel->fault_count, memory_order_relaxed) > INT32_MAX) return; /* lest it wrap */
  struct nomem_fault *fault = claim_fault(atomic_fetch_add(&channel->fault_count, 1));
  if (fault != NULL) write_fault(fault, call, site, 0);
}

static struct nomem_site *find_site(struct nomem_call *call, void *return_address, void *cfa) {
  struct nomem_site *site = nomem__site_find(channel, call->fn, call->size_bytes, return_address, cfa);
  if (site == NULL) {
    atomic_fetch_add_explicit(&channel->sites_lost, 1, memory_order_relaxed);
    return NULL;
  }
  call->site = atomic_load_explicit(&site->key, memory_order_relaxed);
  call->occurrence = atomic_fetch_add_explicit(&site->count, 1, memory_order_relaxed) + 1;
  if (nomem__has_own_calls() && atomic_load(&site->caller) == NOMEM_CALLER_UNKNOWN)
    atomic_store(&site->caller, nomem__is_own_call(channel, site) ? NOMEM_CALLER_ALLOCATOR : NOMEM_CALLER_PROGRAM);
  return site;
}

/* Whether a rule names one point: one call of one site, with all digits of its key. */
static bool is_point(const struct nomem_rule *rule) {
  return rule->has == NOMEM_HAS_SITE && rule->site.occurrence.first == rule->site.occurrence.last &&
         rule->site.digits == 16;
}

/* Whether each of the plan's points has had its fault, and nothing else needs the sites. */
static bool is_spent(void) {
  for (uint32_t r = 0; r < plan.rule_count; r++)
    if (!is_point(&plan.rule[r]) || atomic_load(&channel->state.faults[r]) == 0) return false;
  return !channel->record_sites && channel->watch != NOMEM_WATCH_BLOCK_TABLE;
}

/* Whether to note which sites are called only after the fault: of a single fault, at the first call of its site. */
static bool notes_recovery(const struct nomem_channel *next) {
  return next->known_sites > 0 && plan.rule_count == 1 && is_point(&plan.rule[0]) &&
         plan.rule[0].site.occurrence.first == 1;
}

static void note_recovery(const struct nomem_call *call, const struct nomem_site *site) {
  static _Atomic uint32_t calls;
  if (atomic_load_explicit(&channel->fault_count, memory_order_relaxed) == 0) return;
  if (atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed) == NOMEM_RECOVERY_CALLS)
    atomic_fetch_and(&nomem__mode, ~(uint32_t)(NOMEM_MODE_RECOVERY | NOMEM_MODE_SITE | NOMEM_MODE_FAIL));
  if (call->occurrence != 1 || (uint64_t)(site - channel->sites) < channel->known_sites) return;
  if (atomic_load_explicit(&channel->recovery_count, memory_order_relaxed) >= NOMEM_RECOVERIES) return;
  uint32_t index = atomic_fetch_add(&channel->recovery_count, 1);
  if (index >= NOMEM_RECOVERIES) return;
  struct nomem_recovery *recovery = &channel->recoveries[index];
  recovery->depth = site->depth;
  for (uint32_t i = 0; i < site->depth; i++) recovery->frame[i] = site->frame[i];
  atomic_store(&recovery->key, call->site);
}

static bool fail_call(const struct nomem_call *call, const struct nomem_site *site) {
  record_fault(call, site);
  nomem_fault();
  return true;
}

/* Stops the thread or the process where the command asked for that. Returns whether the call is not to fail after all.
 */
static bool stop_at_fault(void) {
  uint32_t kind = atomic_load(&channel->stop_at_fault);
  if (kind == NOMEM_STOP_ONCE && atomic_exchange(&channel->stop_at_fault, NOMEM_STOP_NEVER) != NOMEM_STOP_NEVER)
    syscall(SYS_kill, nomem__process_id(), SIGSTOP);
  if (kind >= NOMEM_STOP_EACH && atomic_load(&channel->fault_count) <= NOMEM_FAULTS)
    syscall(SYS_tgkill, nomem__process_id(), nomem__thread_id(), SIGSTOP);
  return kind == NOMEM_STOP_INSTEAD;
}

/* Fills in what the plan asks about a call, besides its site. */
static void describe_call(struct nomem_call *call, const struct nomem_site *site, size_t released_bytes) {
  if (plan.has & NOMEM_HAS_BUDGET) {
    int64_t live = atomic_load_explicit(&channel->live_bytes, memory_order_relaxed) - (int64_t)released_bytes;
    call->live_bytes = live > 0 ? (uint64_t)live : 0;
  }
  if (plan.has & NOMEM_HAS_THREAD) find_thread(call);
  if (site != NULL && (plan.has & NOMEM_HAS_IN)) call->in_mask = nomem__site_match(channel, site, &plan, NOMEM_HAS_IN);
  if (site != NULL && (plan.has & NOMEM_HAS_MODULE))
    call->module_mask = nomem__site_match(channel, site, &plan, NOMEM_HAS_MODULE);
}

static bool plan_fails(struct nomem_call *call, const struct nomem_site *site, size_t released_bytes) {
  describe_call(call, site, released_bytes);
  if (nomem__plan_decide(&plan, &channel->state, call) < 0) return false;
  record_fault(call, site);
  if (channel->stop_at_fault != NOMEM_STOP_NEVER && stop_at_fault()) return false;
  nomem_fault();
  if (is_spent()) { /* from now on only the recovery is observed, and nothing else costs time */
    uint32_t rest = NOMEM_MODE_COUNT | (atomic_load(&nomem__mode) & (NOMEM_MODE_BLOCKS | NOMEM_MODE_LIVE));
    if (notes_recovery(channel)) rest |= NOMEM_MODE_SITE | NOMEM_MODE_RECOVERY;
    atomic_store(&nomem__mode, rest);
  }
  return true;
}

/* Who returns from a snapshot: the process itself, a fork that only fails this call, or a fork with a plan. */
enum snapshot { PARENT, TRANSIENT, PLANNED };

/* A fork for more than one fault gets the point that it was made for as its plan: the same that an exec run gets as
 * text. In a fork for a transient fault there is nothing left to decide after this call, nor anything to count, because
 * nobody reads its counts; only the recovery from the first fault of a site is still noted. */
static enum snapshot snapshot(struct nomem_site *site, uint64_t occurrence) {
  struct nomem_snapshot_point point;
  bool has_recovery = occurrence == 1 && channel->known_sites > 0;
  if (!nomem__fork_server_snapshot(channel, site, occurrence, &point)) return PARENT;
  uint32_t kept = atomic_load(&nomem__mode) & NOMEM_MODE_BLOCKS;
  if (!point.persistent && point.second == 0) {
    atomic_store(&nomem__mode, has_recovery ? kept | NOMEM_MODE_COUNT | NOMEM_MODE_SITE | NOMEM_MODE_RECOVERY : kept);
    return TRANSIENT;
  }
  const struct nomem_site_match match = {
      .key = atomic_load(&site->key), .digits = 16, .occurrence = {occurrence, occurrence}};
  const struct nomem_site_match second = {.key = point.second, .digits = 16, .occurrence = {1, 1}};
  plan.rule_count = point.second == 0 ? 1 : 2;
  plan.has = point.persistent ? NOMEM_HAS_FROM : NOMEM_HAS_SITE;
  plan.rule[0] = (struct nomem_rule){.has = plan.has, .site = match, .from = match};
  plan.rule[1] = (struct nomem_rule){.has = NOMEM_HAS_SITE, .site = second};
  atomic_store(&nomem__mode, NOMEM_MODE_COUNT | NOMEM_MODE_SITE | NOMEM_MODE_FAIL | kept);
  return PLANNED;
}

/* Once all calls fail and enough failed calls were noted, the sites of further calls only tell what the last failures
 * were. A program that recovers by recursion until its stack ends would pay a real unwind for each level, and seem to
 * hang: so many are made for that, and no more. */
static bool is_site_needed(void) {
  if (nomem__has_own_calls() || plan.has != NOMEM_HAS_FROM || plan.rule_count != 1 ||
      atomic_load(&channel->fault_count) < NOMEM_FAULTS || !atomic_load(&channel->state.from_open[0]))
    return true;
  uint64_t none = 0;
  atomic_compare_exchange_strong(&last_unwind, &none, nomem__site_unwinds() + LATE_UNWINDS);
  return nomem__site_unwinds() < atomic_load(&last_unwind);
}

__attribute__((noinline)) static bool decide(struct nomem_call *call, uint32_t mode, size_t released_bytes,
                                             void *return_address, void *cfa) {
  bool fails = false;
  struct nomem_site *site = NULL;
  self.paused++;
  atomic_signal_fence(memory_order_seq_cst);
  if ((mode & NOMEM_MODE_SITE) && is_site_needed()) site = find_site(call, return_address, cfa);
  self.site = site;
  if (nomem__has_own_calls() && site != NULL && atomic_load(&site->caller) == NOMEM_CALLER_ALLOCATOR) mode = 0;
  if ((mode & NOMEM_MODE_RECOVERY) && site != NULL) note_recovery(call, site);
  enum snapshot fork = (mode & NOMEM_MODE_SNAPSHOT) && site != NULL ? snapshot(site, call->occurrence) : PARENT;
  if (fork == TRANSIENT)
    fails = fail_call(call, site);
  else if ((mode & NOMEM_MODE_FAIL) || fork == PLANNED)
    fails = plan_fails(call, site, released_bytes);
  if (mode & NOMEM_MODE_HOSTILE) {
    self.call = *call;
    self.has_call = true;
  }
  atomic_signal_fence(memory_order_seq_cst);
  self.paused--;
  return fails;
}

/* Records the first call that was served in a hostile way, with its stack, whatever the plan needs. */
static void note_served(const struct nomem_call *call, const struct nomem_site *site, uint32_t ways,
                        void *return_address, void *cfa) {
  enum nomem_fn fn = call->fn < NOMEM_FN_COUNT ? call->fn : NOMEM_FN_MALLOC;
  bool is_first = atomic_fetch_add_explicit(&channel->hostile_calls, 1, memory_order_relaxed) == 0;
  if (is_first && site == NULL) site = nomem__site_find(channel, fn, call->size_bytes, return_address, cfa);
  if (is_first) write_fault(&channel->hostile_call, call, site, ways);
  if (is_first && atomic_load(&channel->stop_at_fault) == NOMEM_STOP_ONCE) stop_at_fault();
  nomem_fault();
}

/* A free has a site of its own. */
static const struct nomem_site *describe_free(struct nomem_call *call, uint32_t mode, void *return_address, void *cfa) {
  struct nomem_site *site = NULL;
  if (mode & NOMEM_MODE_SITE) site = nomem__site_find(channel, NOMEM_FN_MALLOC, call->size_bytes, return_address, cfa);
  if (site != NULL) {
    call->site = atomic_load_explicit(&site->key, memory_order_relaxed);
    call->occurrence = atomic_fetch_add_explicit(&site->count, 1, memory_order_relaxed) + 1;
  }
  describe_call(call, site, 0);
  return site;
}

__attribute__((noinline)) uint32_t nomem__serve(const struct nomem_call *asked, void *return_address, void *cfa) {
  uint32_t mode = atomic_load_explicit(&nomem__mode, memory_order_acquire), ways;
  bool is_free = asked->fn == NOMEM_FN_COUNT;
  if (self.paused > 0 || (mode & NOMEM_MODE_HOSTILE) == 0 || (!is_free && !self.has_call)) return 0;
  int saved_errno = errno;
  struct nomem_call call = is_free ? *asked : self.call;
  const struct nomem_site *site = self.site;
  call.hostile = asked->hostile;
  self.paused++;
  atomic_signal_fence(memory_order_seq_cst);
  if (is_free) site = describe_free(&call, mode, return_address, cfa);
  ways = nomem__plan_serve(&plan, &channel->state, &call);
  if (ways != 0) note_served(&call, site, ways, return_address, cfa);
  atomic_signal_fence(memory_order_seq_cst);
  self.paused--;
  errno = saved_errno;
  return ways;
}

bool nomem__decide(enum nomem_fn fn, size_t size_bytes, size_t released_bytes, void *return_address, void *cfa) {
  uint32_t mode = atomic_load_explicit(&nomem__mode, memory_order_acquire);
  if (__builtin_expect(mode & NOMEM_MODE_START, 0)) {
    nomem__attach();
    mode = atomic_load_explicit(&nomem__mode, memory_order_acquire);
  }
  self.site = NULL;
  self.has_call = false;
  if (self.paused > 0 || (mode & NOMEM_MODE_COUNT) == 0) return false;
  count(fn, false);
  if ((mode & (NOMEM_MODE_SITE | NOMEM_MODE_FAIL)) == 0) return false; /* SNAPSHOT comes with SITE */
  struct nomem_call call = {.fn = fn, .size_bytes = size_bytes};
  return decide(&call, mode, released_bytes, return_address, cfa);
}

/* Puts the epoch where forked children notice that it is not theirs, and begins a new one. */
static int map_epoch(const struct nomem_channel *next) {
  static _Atomic uint32_t here;
  if (next->fork.engine != NOMEM_ENGINE_EXEC) {
    nomem__epoch = &here; /* each fork counts for itself, so nothing has to be wiped: one mapping less to copy */
  } else if (nomem__epoch == NULL || nomem__epoch == &here) {
    void *page = mmap(NULL, sizeof *nomem__epoch, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return -ENOMEM;
    /* Linux before 4.14 knows no such advice: some counts of a forked child may then be lost. */
    syscall(SYS_madvise, page, sizeof *nomem__epoch, MADV_WIPEONFORK, NOMEM_ADVICE_MARK);
    nomem__epoch = page;
  }
  atomic_store(nomem__epoch, atomic_fetch_add(&last_epoch, 1) + 1);
  return 0;
}

static uint32_t mode_for(const struct nomem_channel *next) {
  uint32_t mode = NOMEM_MODE_COUNT;
  if (next->record_sites || (plan.has & (NOMEM_HAS_SITE | NOMEM_HAS_FROM | NOMEM_HAS_IN | NOMEM_HAS_MODULE)))
    mode |= NOMEM_MODE_SITE;
  if (next->counts_live_bytes || (plan.has & NOMEM_HAS_BUDGET)) mode |= NOMEM_MODE_LIVE;
  if (plan.rule_count > 0) mode |= nomem__has_own_calls() ? NOMEM_MODE_FAIL | NOMEM_MODE_SITE : NOMEM_MODE_FAIL;
  if (plan.has & NOMEM_HAS_HOSTILE) mode |= NOMEM_MODE_HOSTILE;
  if (notes_recovery(next)) mode |= NOMEM_MODE_RECOVERY;
  if (next->fork.engine != NOMEM_ENGINE_EXEC) mode |= NOMEM_MODE_SITE; /* forks continue its counts of each site */
  if (next->fork.engine == NOMEM_ENGINE_SNAPSHOT) mode |= NOMEM_MODE_SNAPSHOT;
  enum nomem_watch watch = nomem__has_sanitizer ? NOMEM_WATCH_NONE : next->watch; /* a sanitizer finds more by itself */
  if (watch != NOMEM_WATCH_NONE) mode |= NOMEM_MODE_BLOCKS;
  if (watch == NOMEM_WATCH_BLOCK_TABLE) /* needs all sites to the end */
    mode = (mode | NOMEM_MODE_BLOCK_TABLE | NOMEM_MODE_SITE) & ~(uint32_t)NOMEM_MODE_RECOVERY;
  return mode;
}

static int read_plan(struct nomem_channel *next, struct nomem_plan_error *error) {
  next->plan[NOMEM_PLAN_BYTES - 1] = '\0';
  return nomem_plan_parse(next->plan, &plan, error);
}

int nomem__start(struct nomem_channel *next, struct nomem_plan_error *error) {
  int result = read_plan(next, error);
  nomem__process_id_prepare();
  nomem__measures_coverage = next->measures_coverage != 0;
  if (result == 0) result = map_epoch(next);
  uint32_t mode = mode_for(next);
  self.paused++;
  if (result == 0 && (mode & (NOMEM_MODE_SITE | NOMEM_MODE_HOSTILE))) result = nomem__site_init();
  if (result == 0 && (mode & NOMEM_MODE_BLOCK_TABLE)) result = nomem__blocks_open(next, nomem__blocks_are_glibc);
  self.paused--;
  if (result != 0) return result;
  channel = next;
  atomic_store(&threads_seen, 0);
  atomic_store(&last_unwind, 0);
  nomem__hostile_begin();
  atomic_store_explicit(&nomem__mode, mode, memory_order_release);
  return 0;
}

void nomem__stop(void) {
  atomic_store(&nomem__mode, 0);
}

void nomem__reached_main(void) {
  nomem__site_main();
  if (channel == NULL) return;
  atomic_fetch_add(&channel->main_reached, 1);
  if (!nomem__fork_server_serve(channel)) return;
  if (read_plan(channel, NULL) != 0) _exit(2); /* the command has checked it */
  atomic_store(&nomem__mode, mode_for(channel));
}
