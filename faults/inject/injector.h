/* SPDX-License-Identifier: MIT */
/* Decides, for every allocation call of this process, whether it fails.
 *
 * Runs inside the program under test: nothing here allocates, takes a lock, uses stdio or changes errno, and all of it
 * may run in a signal handler, in a thread that is just starting, before relocation is done and after exit began.
 *
 * A backend asks nomem__fails() first, passes the call on when the answer is no, and reports its result where live
 * bytes are kept. There is one injector per process image.
 */
#ifndef NOMEM_INJECTOR_H
#define NOMEM_INJECTOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../channel.h"
#include "../nomem.h"

/* What the injector does with each call. 0 is nothing at all: an idle backend costs the load of this word. */
enum nomem_mode {
  NOMEM_MODE_COUNT = 1 << 0,       /* count calls */
  NOMEM_MODE_SITE = 1 << 1,        /* find each call's site */
  NOMEM_MODE_LIVE = 1 << 2,        /* keep live bytes */
  NOMEM_MODE_FAIL = 1 << 3,        /* there is a plan */
  NOMEM_MODE_START = 1 << 4,       /* not yet attached: the first call looks for a channel */
  NOMEM_MODE_SNAPSHOT = 1 << 5,    /* fork at the channel's points */
  NOMEM_MODE_RECOVERY = 1 << 6,    /* note the sites that are called only after the fault; with SITE */
  NOMEM_MODE_BLOCKS = 1 << 7,      /* count the blocks in use and their bytes */
  NOMEM_MODE_BLOCK_TABLE = 1 << 8, /* enter each of them in the block table */
  NOMEM_MODE_HOSTILE = 1 << 9      /* the plan says how calls are served that do not fail: see hostile.h; with FAIL */
};

#define NOMEM_HIDDEN __attribute__((visibility("hidden")))

/* Each backend defines this, with the mode in which its process begins. */
extern NOMEM_HIDDEN _Atomic uint32_t nomem__mode;

/* Whether the backend can tell how large a live block is: budget= needs that. */
extern NOMEM_HIDDEN bool nomem__sizes_known;

/* Whether the backend serves blocks of glibc's layout. */
extern NOMEM_HIDDEN bool nomem__blocks_are_glibc;

NOMEM_HIDDEN bool nomem__decide(enum nomem_fn fn, size_t size_bytes, size_t released_bytes, void *return_address,
                                void *cfa);

/* Returns true when this call must fail. size_bytes is the requested size, for an array the product. released_bytes is
 * the usable size of the block that a realloc would release (only needed under NOMEM_MODE_LIVE). return_address and cfa
 * are those of the function that the program called: the stack is named from there on. */
static inline bool nomem__fails(enum nomem_fn fn, size_t size_bytes, size_t released_bytes, void *return_address,
                                void *cfa) {
  if (__builtin_expect(atomic_load_explicit(&nomem__mode, memory_order_relaxed) == 0, 1)) return false;
  return nomem__decide(fn, size_bytes, released_bytes, return_address, cfa);
}

/* Decides by the plan how a call is served that does not fail: bits of asked->hostile. Of an allocation, nomem__fails
 * has just been asked about the same call, and knows the rest; of a free, asked has its size. Keeps errno. */
NOMEM_HIDDEN uint32_t nomem__serve(const struct nomem_call *asked, void *return_address, void *cfa);

static inline bool nomem__keeps_live(void) {
  return atomic_load_explicit(&nomem__mode, memory_order_relaxed) & NOMEM_MODE_LIVE;
}

/* Adds to the live bytes, after a call was served or before a block is freed. Does nothing where they are not kept. */
NOMEM_HIDDEN void nomem__live_add(int64_t bytes);

NOMEM_HIDDEN void nomem__count_free(void);

/* Counts a call of the allocator under the backend that changed errno wrongly. */
NOMEM_HIDDEN void nomem__count_errno(void);

/* Under NOMEM_MODE_BLOCKS: adds to the blocks in use and to their bytes, as the backend measures them. */
NOMEM_HIDDEN void nomem__blocks_add(int blocks, int64_t bytes);

/* The site of the calling thread's last allocation call, for the block table; NULL when it is not known. */
NOMEM_HIDDEN const struct nomem_site *nomem__last_site(void);

/* A thread's counters become invalid when this changes: at each start, and in a forked child, where the kernel wipes
 * the page it lies in. (Two processes must not add to one slot, which nothing locks.) NULL before the first start. */
extern NOMEM_HIDDEN _Atomic uint32_t *nomem__epoch;

/* The counters that this thread may add to without asking, while the epoch is epoch_and_one - 1. 0: it has none, or is
 * paused. */
extern NOMEM_HIDDEN _Thread_local struct nomem__quick {
  uint32_t epoch_and_one;
  struct nomem_counts *counts;
} nomem__quick;

/* Returns true when the call passes. Where counting is all there is to do, it is done here, which is faster than a
 * call; every other case is left to nomem__fails or nomem__count_free. */
static inline bool nomem__passes(enum nomem_fn fn, bool is_free) {
  uint32_t mode = atomic_load_explicit(&nomem__mode, memory_order_acquire);
  if (__builtin_expect(mode == 0, 1)) return true;
  if (mode != NOMEM_MODE_COUNT) return false;
  if (nomem__quick.epoch_and_one != atomic_load_explicit(nomem__epoch, memory_order_relaxed) + 1) return false;
  _Atomic uint64_t *counter = is_free ? &nomem__quick.counts->frees : &nomem__quick.counts->calls[fn];
  atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
  return true;
}

/* Starts deciding by channel->plan, from now on and for this process's children. The channel must outlive the process,
 * or nomem__stop must be called before it is unmapped. Returns 0, -EINVAL with error filled in (it may be NULL), or
 * -ENOMEM. */
NOMEM_HIDDEN int nomem__start(struct nomem_channel *channel, struct nomem_plan_error *error);
NOMEM_HIDDEN void nomem__stop(void);

/* As nomem_begin; with counts_live_bytes it counts live bytes under any plan, where block sizes are known. */
NOMEM_HIDDEN int nomem__begin(const char *plan, bool counts_live_bytes, struct nomem_error *error);

/* The channel in use, or NULL. */
NOMEM_HIDDEN struct nomem_channel *nomem__channel(void);

/* Attaches this process to the channel named in the environment, or to the plan in NOMEM_PLAN, or to neither. It is
 * called by the first allocation, or by the backend's constructor when there was none before. For a bad plan in
 * NOMEM_PLAN it writes one line to descriptor 2 and ends the process with status 2. */
NOMEM_HIDDEN void nomem__attach(void);

/* main() is about to run. */
NOMEM_HIDDEN void nomem__reached_main(void);

#endif
