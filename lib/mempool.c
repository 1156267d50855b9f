/* SPDX-License-Identifier: MIT */
#include "mempool.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mempool_internal.h"

/* Everything below is read and written under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mempool__pool pool;
static mempool_misuse_func misuse_handler;

/* Written only before main. */
static bool forks_are_handled;

static void acquire(void) {
  pthread_mutex_lock(&lock);
}

static void release(void) {
  pthread_mutex_unlock(&lock);
}

/* Without these handlers, a fork while another thread is in the pool leaves the child a lock that nobody will release.
 * They are registered when the program is loaded, not by the first call: that call could come between another thread's
 * running of the handlers and its fork, and then hold the lock in the child after all. Being registered first, they
 * also take the lock last and release it first, so that the handlers of others may allocate. */
__attribute__((constructor)) static void handle_forks(void) {
  forks_are_handled = pthread_atfork(acquire, release, release) == 0;
}

static void *payload(uint32_t id) {
  return pool.base + id * MEMPOOL__GRANULE;
}

static size_t usable(uint32_t id) {
  return mempool__at(&pool, id)->size * MEMPOOL__GRANULE - MEMPOOL_OVERHEAD;
}

static void set_live(uint32_t id, bool live) {
  uint64_t bit = UINT64_C(1) << (id % 64);
  if (live) {
    pool.live[id / 64] |= bit;
  } else {
    pool.live[id / 64] &= ~bit;
  }
}

static void set_size(uint32_t id, uint32_t size) {
  mempool__at(&pool, id)->size = size;
  mempool__at(&pool, id + size)->previous_size = size;
}

static void count_in_use(uint32_t more, uint32_t less) {
  pool.in_use += more - less;
  if (pool.in_use > pool.high_water) pool.high_water = pool.in_use;
}

/* Enters a block that is neither live nor in the index, joined with its free neighbours. */
static void put_free(uint32_t id) {
  struct mempool__block *block = mempool__at(&pool, id);
  uint32_t size = block->size, next = id + size;
  if (!mempool__is_live(&pool, next)) {
    mempool__index_remove(&pool, next);
    size += mempool__at(&pool, next)->size;
  }
  if (block->previous_size && !mempool__is_live(&pool, id - block->previous_size)) {
    id -= block->previous_size;
    mempool__index_remove(&pool, id);
    size += mempool__at(&pool, id)->size;
  }
  set_size(id, size);
  mempool__index_insert(&pool, id);
}

/* Returns what a live block has beyond size granules to the pool. */
static void trim(uint32_t id, uint32_t size) {
  uint32_t rest = mempool__at(&pool, id)->size - size;
  if (rest == 0) return;
  set_size(id, size);
  set_size(id + size, rest);
  put_free(id + size);
}

/* The granules that hold size bytes and a header, or 0 when the whole pool is too small. */
static uint32_t granules_for(size_t size) {
  if (size / MEMPOOL__GRANULE >= pool.granules) return 0;
  return (uint32_t)((size + MEMPOOL_OVERHEAD + MEMPOOL__GRANULE - 1) / MEMPOOL__GRANULE);
}

/* A new live block, or 0. */
static uint32_t allocate(size_t size) {
  uint32_t need = granules_for(size);
  uint32_t id = need ? mempool__index_find(&pool, need) : 0;
  if (!id) {
    pool.failed_requests++;
    return 0;
  }
  mempool__index_remove(&pool, id);
  set_live(id, true);
  trim(id, need);
  count_in_use(need, 0);
  pool.blocks++;
  return id;
}

/* Resizes a live block where it is, or returns false and changes nothing. */
static bool resize_in_place(uint32_t id, size_t size) {
  uint32_t need = granules_for(size), have = mempool__at(&pool, id)->size;
  if (!need) return false;
  if (need > have) {
    uint32_t next = id + have;
    if (mempool__is_live(&pool, next) || mempool__at(&pool, next)->size < need - have) return false;
    mempool__index_remove(&pool, next);
    set_size(id, have + mempool__at(&pool, next)->size);
  }
  trim(id, need);
  count_in_use(need, have);
  return true;
}

static bool is_overrun(uint32_t id) {
  const struct mempool__block *block = mempool__at(&pool, id);
  if (block->size == 0 || block->size > pool.granules + 1 - id) return true;
  if (mempool__at(&pool, id + block->size)->previous_size != block->size) return true;
  if (id == 1) return block->previous_size != 0;
  if (block->previous_size == 0 || block->previous_size >= id) return true;
  return mempool__at(&pool, id - block->previous_size)->size != block->previous_size;
}

/* The nearest live block before a granule, or 0. Only reports of misuse search for it. */
static uint32_t live_before(uint32_t granule) {
  uint32_t word = granule / 64;
  uint64_t bits = pool.live[word] & ((UINT64_C(1) << (granule % 64)) - 1);
  while (!bits && word > 0) bits = pool.live[--word];
  return bits ? word * 64 + 63 - (uint32_t)__builtin_clzll(bits) : 0;
}

/* What is wrong with freeing ptr. 0: nothing, and *id is the block's. */
static enum mempool_misuse identify(const void *ptr, uint32_t *id) {
  size_t offset = (uintptr_t)ptr - (uintptr_t)pool.base;
  if (offset < MEMPOOL__GRANULE || offset / MEMPOOL__GRANULE > pool.granules) return MEMPOOL_FOREIGN;
  uint32_t granule = (uint32_t)(offset / MEMPOOL__GRANULE);
  bool starts = mempool__is_live(&pool, granule);
  if (starts && offset % MEMPOOL__GRANULE == 0) {
    *id = granule;
    return is_overrun(granule) ? MEMPOOL_OVERRUN : 0;
  }
  uint32_t before = starts ? granule : live_before(granule);
  return before && granule - before < mempool__at(&pool, before)->size ? MEMPOOL_INTERIOR : MEMPOOL_DOUBLE_FREE;
}

static void abort_on_misuse(enum mempool_misuse misuse, const void *ptr) {
  static const char *const meanings[] = {
      [MEMPOOL_FOREIGN] = "is outside the pool: give it back to the allocator it came from",
      [MEMPOOL_INTERIOR] = "is inside a block in use: give back the pointer that the pool returned",
      [MEMPOOL_DOUBLE_FREE] = "is in free memory: it was freed already, or never allocated",
      [MEMPOOL_OVERRUN] = "was written past its end, or the block before it was",
  };
  char line[128];
  int length = snprintf(line, sizeof(line), "mempool: %p %s\n", ptr, meanings[misuse]);
  ssize_t written = write(STDERR_FILENO, line, (size_t)length);
  (void)written;
  abort();
}

static void report(enum mempool_misuse misuse, const void *ptr) {
  acquire();
  mempool_misuse_func handler = misuse_handler;
  release();
  (handler ? handler : abort_on_misuse)(misuse, ptr);
}

/* Lays the pool out in aligned memory: the map of live blocks, then the blocks, then the sentinel's header. Mapped
 * memory is zero already, and a page of it that nobody writes costs nothing. */
static void lay_out(char *memory, size_t bytes, bool is_zero) {
  size_t all = bytes / MEMPOOL__GRANULE;
  /* One bit to each granule is enough: the map itself takes more than the sentinel and granule 0 need. */
  size_t map_bytes = (all / 64 + 1) * sizeof(uint64_t);
  size_t map_granules = (map_bytes + MEMPOOL__GRANULE - 1) / MEMPOOL__GRANULE;
  pool.live = (uint64_t *)(void *)memory;
  if (!is_zero) memset(pool.live, 0, map_bytes);
  pool.base = memory + map_granules * MEMPOOL__GRANULE;
  pool.granules = (uint32_t)(all - map_granules - 1);
  uint32_t sentinel = pool.granules + 1;
  mempool__at(&pool, 1)->previous_size = 0;
  set_size(1, pool.granules);
  mempool__at(&pool, sentinel)->size = 0;
  set_live(sentinel, true);
  mempool__index_insert(&pool, 1);
}

/* At least bytes of zeroed memory, in whole pages, or NULL. Leaves errno alone. */
static void *map_pages(size_t *bytes) {
  int saved_errno = errno;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  *bytes = (*bytes + page - 1) / page * page;
  void *mapped = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  errno = saved_errno;
  return mapped == MAP_FAILED ? NULL : mapped;
}

/* Makes the pool, under the lock: two threads whose first calls meet make one. */
static int make_pool(void *memory, size_t bytes) {
  if (pool.granules) return -EBUSY;
  if (!forks_are_handled) return -ENOMEM;
  void *mapped = NULL;
  if (!memory) {
    memory = mapped = map_pages(&bytes);
    if (!mapped) return -ENOMEM;
  }
  size_t skip = -(uintptr_t)memory % MEMPOOL__GRANULE;
  pool = (struct mempool__pool){.mapped = mapped, .mapped_bytes = bytes};
  lay_out((char *)memory + skip, bytes - skip, mapped != NULL);
  return 0;
}

int mempool_init(void *memory, size_t bytes) {
  if (bytes < MEMPOOL_BYTES_MIN || bytes > MEMPOOL_BYTES_MAX) return -EINVAL;
  acquire();
  int result = make_pool(memory, bytes);
  release();
  return result;
}

int mempool_destroy(void) {
  acquire();
  int result = pool.blocks ? -EBUSY : 0;
  if (result == 0) {
    int saved_errno = errno;
    if (pool.mapped) munmap(pool.mapped, pool.mapped_bytes);
    errno = saved_errno;
    pool = (struct mempool__pool){0};
  }
  release();
  return result;
}

void *mempool_malloc(size_t size) {
  acquire();
  if (!pool.granules) (void)make_pool(NULL, MEMPOOL_DEFAULT_BYTES);
  uint32_t id = pool.granules ? allocate(size) : 0;
  void *ptr = id ? payload(id) : NULL;
  release();
  if (!ptr) errno = ENOMEM;
  return ptr;
}

void *mempool_calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX; /* which no pool can serve */
  void *ptr = mempool_malloc(bytes);
  return ptr ? memset(ptr, 0, bytes) : NULL;
}

void *mempool_realloc(void *ptr, size_t size) {
  if (!ptr) return mempool_malloc(size);
  if (size == 0) {
    mempool_free(ptr);
    return NULL;
  }
  acquire();
  uint32_t id = 0;
  enum mempool_misuse misuse = identify(ptr, &id);
  if (misuse) {
    release();
    report(misuse, ptr);
    errno = EINVAL;
    return NULL;
  }
  bool in_place = resize_in_place(id, size);
  size_t old_bytes = usable(id);
  uint32_t moved_id = in_place ? id : allocate(size);
  void *moved = moved_id ? payload(moved_id) : NULL;
  release();
  if (!moved) errno = ENOMEM;
  if (in_place || !moved) return moved;
  /* Both blocks are the caller's: other threads need not wait for the copy. */
  memcpy(moved, ptr, old_bytes);
  mempool_free(ptr);
  return moved;
}

void mempool_free(void *ptr) {
  if (!ptr) return;
  int saved_errno = errno;
  acquire();
  uint32_t id = 0;
  enum mempool_misuse misuse = identify(ptr, &id);
  if (!misuse) {
    set_live(id, false);
    count_in_use(0, mempool__at(&pool, id)->size);
    pool.blocks--;
    put_free(id);
  }
  release();
  if (misuse) report(misuse, ptr);
  errno = saved_errno;
}

size_t mempool_usable_size(const void *ptr) {
  if (!ptr) return 0;
  acquire();
  uint32_t id = 0;
  enum mempool_misuse misuse = identify(ptr, &id);
  size_t bytes = misuse ? 0 : usable(id);
  release();
  if (misuse) report(misuse, ptr);
  return bytes;
}

mempool_misuse_func mempool_on_misuse(mempool_misuse_func handler) {
  acquire();
  mempool_misuse_func before = misuse_handler;
  misuse_handler = handler;
  release();
  return before;
}

void mempool_stats(struct mempool_stats *stats) {
  acquire();
  uint32_t largest = mempool__index_largest(&pool);
  *stats = (struct mempool_stats){
      .capacity_bytes = pool.granules * MEMPOOL__GRANULE,
      .in_use_bytes = pool.in_use * MEMPOOL__GRANULE,
      .high_water_bytes = pool.high_water * MEMPOOL__GRANULE,
      .largest_free = largest ? usable(largest) : 0,
      .blocks = pool.blocks,
      .failed_requests = pool.failed_requests,
  };
  release();
}

int mempool_check(void) {
  acquire();
  int damage = pool.granules ? mempool__check(&pool) : 0;
  release();
  return damage;
}
