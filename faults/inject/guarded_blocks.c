/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "guarded_blocks.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "populate.h"

#include "forbidden_calls.h"

/* Since Linux 6.13: pages that nobody may touch without a mapping of their own, at a fraction of the cost. Older
 * headers do not name them, older kernels refuse them. */
#define GUARD_INSTALL 102
#define GUARD_REMOVE 103
/* So much becomes such pages at a time, as there is need of it: each fork copies what there is. */
#define GUARDED_STEP_BYTES (UINT64_C(4) << 20)
/* So much of a block has its pages at once: most programs use what they allocate. */
#define POPULATED_BYTES (UINT64_C(16) << 10)
_Static_assert(NOMEM_GUARDED_BYTES % GUARDED_STEP_BYTES == 0, "the last step ends where the pages do");

uintptr_t nomem__guarded_start;

static struct nomem_channel *channel;
static uint64_t first_allocation;
static bool has_plan;
static _Atomic bool is_begun; /* that allocation has been reached */
static _Atomic uint32_t count;
static _Atomic uint64_t used_bytes;
static bool has_guard_pages;         /* the kernel has those; otherwise each block has a mapping of its own */
static _Atomic uint64_t ready_bytes; /* so many are such pages by now */
static _Atomic bool is_making_ready;

static bool refuse(enum nomem_guard_obstacle obstacle) {
  atomic_store(&channel->screening.guard_obstacle, obstacle);
  return false;
}

/* Whether the process may have any amount of memory: who has set a limit expects it to be reached by what the program
 * needs. */
static bool is_unlimited(int resource) {
  struct rlimit limit;
  return syscall(SYS_prlimit64, 0, resource, NULL, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

/* Makes one of the two calls that change pages, as the program sees it without a trace. */
static bool change(long call, uintptr_t pages, uint64_t bytes, int how) {
  int saved_errno = errno;
  bool is_done = bytes == 0 || syscall(call, pages, bytes, how) == 0;
  errno = saved_errno;
  return is_done;
}

/* Makes guard pages of what is still mapped as inaccessible, up to so many bytes. False: the kernel has none, or
 * another thread, or the one that a signal handler interrupted, is about to make some. */
static bool make_ready(uint64_t bytes) {
  if (bytes <= atomic_load(&ready_bytes)) return true;
  if (atomic_exchange(&is_making_ready, true)) return false;
  uint64_t ready = atomic_load(&ready_bytes);
  uint64_t wanted = (bytes + GUARDED_STEP_BYTES - 1) / GUARDED_STEP_BYTES * GUARDED_STEP_BYTES;
  uint64_t more = wanted > ready ? wanted - ready : 0; /* another thread may have been faster */
  uintptr_t pages = nomem__guarded_start + ready;
  bool is_made = change(SYS_mprotect, pages, more, PROT_READ | PROT_WRITE);
  if (is_made && !change(SYS_madvise, pages, more, GUARD_INSTALL)) {
    change(SYS_mprotect, pages, more, PROT_NONE);
    is_made = false;
  }
  if (is_made) atomic_store(&ready_bytes, ready + more);
  atomic_store(&is_making_ready, false);
  return is_made;
}

static bool reserve(void) {
  void *pages = mmap(NULL, NOMEM_GUARDED_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return refuse(NOMEM_GUARD_OBSTACLE_KERNEL);
  nomem__guarded_start = (uintptr_t)pages;
  atomic_store(&ready_bytes, 0);
  has_guard_pages = make_ready(1);
  return true;
}

bool nomem__guarded_open(struct nomem_channel *next, bool is_glibc) {
  int saved_errno = errno;
  channel = next;
  first_allocation = next->guarded_from;
  has_plan = next->plan[0] != '\0';
  bool is_open = nomem__guarded_start != 0;
  if (!is_open && !is_glibc)
    refuse(NOMEM_GUARD_OBSTACLE_ALLOCATOR);
  else if (!is_open && !(is_unlimited(RLIMIT_AS) && is_unlimited(RLIMIT_DATA)))
    refuse(NOMEM_GUARD_OBSTACLE_LIMIT);
  else if (!is_open)
    is_open = reserve();
  errno = saved_errno;
  return is_open;
}

void nomem__guarded_give_up(void) {
  int saved_errno = errno;
  munmap((void *)nomem__guarded_start, NOMEM_GUARDED_BYTES); /* NOLINT: kept as a number */
  nomem__guarded_start = 0;
  refuse(NOMEM_GUARD_OBSTACLE_KERNEL);
  errno = saved_errno;
}

/* Whether the run has come to the first allocation that is to be guarded. */
static bool has_begun(void) {
  if (atomic_load_explicit(&is_begun, memory_order_relaxed)) return true;
  bool begins = nomem__channel_calls(channel) >= first_allocation;
  if (begins) atomic_store_explicit(&is_begun, true, memory_order_relaxed);
  return begins;
}

/* How many blocks may be guarded by now. What is made first is often what all the rest belongs to. */
static uint32_t find_limit(void) {
  if (!has_begun()) return NOMEM_GUARDED_FIRST;
  bool is_before = has_plan && atomic_load_explicit(&channel->fault_count, memory_order_relaxed) == 0;
  return is_before ? NOMEM_GUARDED_BLOCKS / 2 : NOMEM_GUARDED_BLOCKS;
}

static bool take_number(void) {
  uint32_t most = find_limit(), number = atomic_load(&count);
  do
    if (number >= most) return false;
  while (!atomic_compare_exchange_weak(&count, &number, number + 1));
  return true;
}

/* Takes so many bytes of pages and the page behind them. 0: there is no room. The first page stays free, so that there
 * is one before each block. */
static uintptr_t take_pages(uint64_t bytes) {
  uint64_t needed = bytes + NOMEM_GUARDED_PAGE, used = atomic_load(&used_bytes);
  do {
    uint64_t end = used + NOMEM_GUARDED_PAGE + needed;
    if (end > NOMEM_GUARDED_BYTES || (has_guard_pages && !make_ready(end))) return 0;
  } while (!atomic_compare_exchange_weak(&used_bytes, &used, used + needed));
  return nomem__guarded_start + NOMEM_GUARDED_PAGE + used;
}

static bool open_pages(uintptr_t pages, uint64_t bytes) {
  bool is_open = has_guard_pages ? change(SYS_madvise, pages, bytes, GUARD_REMOVE)
                                 : change(SYS_mprotect, pages, bytes, PROT_READ | PROT_WRITE);
  if (is_open) nomem__populate((void *)pages, bytes < POPULATED_BYTES ? bytes : POPULATED_BYTES); /* NOLINT: as above */
  return is_open;
}

void *nomem__guarded_allocate(size_t size, size_t alignment) {
  if (nomem__guarded_start == 0) return NULL;
  bool fits = size <= NOMEM_GUARDED_SIZE_MAX && alignment <= NOMEM_GUARDED_PAGE && take_number();
  uint64_t taken = (size + alignment - 1) / alignment * alignment;
  uint64_t bytes = nomem__guarded_end(0, taken);
  uintptr_t pages = fits ? take_pages(bytes) : 0;
  if (pages != 0 && open_pages(pages, bytes)) return (void *)(pages + bytes - taken); /* NOLINT: kept as a number */
  atomic_fetch_add_explicit(&channel->screening.unguarded_blocks, 1, memory_order_relaxed);
  return NULL;
}

bool nomem__guarded_close(void *block, size_t size) {
  uintptr_t pages = (uintptr_t)block & ~(NOMEM_GUARDED_PAGE - 1);
  uint64_t bytes = nomem__guarded_end((uintptr_t)block, size) - pages;
  if (has_guard_pages) return change(SYS_madvise, pages, bytes, GUARD_INSTALL);
  if (!change(SYS_mprotect, pages, bytes, PROT_NONE)) return false;
  change(SYS_madvise, pages, bytes, MADV_DONTNEED); /* nobody will read them again */
  return true;
}
