/* SPDX-License-Identifier: MIT */
#include "libuv/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <uv.h>

#include "common/fuzz.h"
#include "inject/call_site.h"
#include "inject/module_names.h"
#include "libuv/suppressions.h"
#include "nomem.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif

/* Libc functions that libuv calls are checked by the sanitizer even though libuv is not. */
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

/* Fills pc's place into out; part of the sanitizers' common runtime. */
void __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t out_bytes);
#pragma weak __sanitizer_symbolize_pc

enum { UNSET = 0xa5, POISON = 0xdd, GUARD = 0x5c, GUARD_BYTES = 16, FRAMES = 12, BLOCKS_MAX = 1 << 14 };

struct block {
  struct block *next, *previous;
  size_t size;
  uint64_t is_freed;
  uintptr_t frame[FRAMES];
};
_Static_assert(sizeof(struct block) % 16 == 0, "what follows a block's head is as aligned as malloc's");

struct stack {
  uintptr_t frame[NOMEM_DEPTH], slot[NOMEM_DEPTH];
  unsigned depth;
};

static struct {
  nomem_malloc_func malloc;
  nomem_realloc_func realloc;
  nomem_calloc_func calloc;
  nomem_free_func free;
} failing;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct block live = {.next = &live, .previous = &live};
static struct block freed = {.next = &freed, .previous = &freed};
/* All of them, freed or not, by address: what is not here is not of this heap. */
static struct block *blocks[BLOCKS_MAX];
static unsigned block_count;
static _Atomic unsigned calm = 1;
static _Atomic uint64_t faults;
/* Who asked for the block that is about to be made. */
static _Thread_local struct stack asking;

static uint8_t *data_of(struct block *block) {
  return (uint8_t *)(block + 1);
}

static void move_to(struct block *list, struct block *block) {
  if (block->next) {
    block->previous->next = block->next;
    block->next->previous = block->previous;
  }
  block->next = list;
  block->previous = list->previous;
  block->previous->next = block;
  list->previous = block;
}

/* Where the block is, or would be. */
static struct block **place_of(const struct block *block) {
  unsigned i = (unsigned)(((uintptr_t)block * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % BLOCKS_MAX;
  while (blocks[i] && blocks[i] != block) i = (i + 1) % BLOCKS_MAX;
  return &blocks[i];
}

static void *heap_new(size_t size) {
  struct block *block = calloc(1, sizeof *block + size + GUARD_BYTES);
  CHECK(block, "the target itself is out of memory: %zu bytes", size);
  block->size = size;
  for (unsigned i = 0; i < FRAMES && i < asking.depth; i++) block->frame[i] = asking.frame[i];
  memset(data_of(block) + size, GUARD, GUARD_BYTES);
  pthread_mutex_lock(&mutex);
  move_to(&live, block);
  *place_of(block) = block;
  block_count++;
  pthread_mutex_unlock(&mutex);
  CHECK(block_count < BLOCKS_MAX / 2, "one input makes more than %u blocks", BLOCKS_MAX / 2);
  return data_of(block);
}

static void print_stack(const struct block *block) {
  char line[512];
  for (unsigned i = 0; i < FRAMES && block->frame[i]; i++) {
    line[0] = '\0';
    if (__sanitizer_symbolize_pc) __sanitizer_symbolize_pc((void *)(block->frame[i] - 1), "%f %S", line, sizeof line);
    fprintf(stderr, "    #%u %#zx %s\n", i, (size_t)block->frame[i], line);
  }
}

static size_t intact(const uint8_t *bytes, size_t count, uint8_t value) {
  size_t i = 0;
  while (i < count && bytes[i] == value) i++;
  return i;
}

static void *heap_malloc(size_t size) {
  return memset(heap_new(size), UNSET, size);
}

static void *heap_calloc(size_t count, size_t size) {
  return heap_new(count * size);
}

/* A block that malloc or the like made for libuv. */
static void free_foreign(void *ptr) {
  struct stack stack;
  stack.depth = nomem__site_unwind(__builtin_dwarf_cfa(), stack.frame, stack.slot);
  CHECK(suppressions_match(SUPPRESSION_FREE, stack.frame, stack.depth),
        "libuv frees %p, which did not come from its allocator", ptr);
  free(ptr);
}

static void release(struct block *block) {
  CHECK(!block->is_freed, "a block of %zu bytes is freed twice", block->size);
  CHECK(intact(data_of(block) + block->size, GUARD_BYTES, GUARD) == GUARD_BYTES,
        "libuv wrote past the end of a block of %zu bytes", block->size);
  block->is_freed = true;
  memset(data_of(block), POISON, block->size);
  ASAN_POISON_MEMORY_REGION(data_of(block), block->size + GUARD_BYTES);
  pthread_mutex_lock(&mutex);
  move_to(&freed, block);
  pthread_mutex_unlock(&mutex);
}

static void heap_free(void *ptr) {
  if (!ptr) return;
  int saved_errno = errno;
  struct block *block = (struct block *)ptr - 1;
  pthread_mutex_lock(&mutex);
  bool known = *place_of(block) != NULL;
  pthread_mutex_unlock(&mutex);
  if (known)
    release(block);
  else
    free_foreign(ptr);
  errno = saved_errno;
}

static void *heap_realloc(void *ptr, size_t size) {
  uint8_t *moved = heap_malloc(size);
  if (!ptr) return moved;
  size_t had = ((struct block *)ptr - 1)->size;
  memcpy(moved, ptr, had < size ? had : size);
  heap_free(ptr);
  return moved;
}

/* Whether the plan has no say in a call: it is the target's own, or known to end badly. */
__attribute__((noinline)) static bool is_spared(void *cfa) {
  int saved_errno = errno;
  asking.depth = nomem__site_unwind(cfa, asking.frame, asking.slot);
  bool spared = atomic_load(&calm) > 0 || suppressions_match(SUPPRESSION_FAULT, asking.frame, asking.depth);
  errno = saved_errno;
  return spared;
}

static void *answer(void *block) {
  if (!block) atomic_fetch_add(&faults, 1);
  return block;
}

static void *front_malloc(size_t size) {
  return is_spared(__builtin_dwarf_cfa()) ? heap_malloc(size) : answer(failing.malloc(size));
}

static void *front_calloc(size_t count, size_t size) {
  return is_spared(__builtin_dwarf_cfa()) ? heap_calloc(count, size) : answer(failing.calloc(count, size));
}

static void *front_realloc(void *ptr, size_t size) {
  return is_spared(__builtin_dwarf_cfa()) ? heap_realloc(ptr, size) : answer(failing.realloc(ptr, size));
}

static void front_free(void *ptr) {
  failing.free(ptr);
}

static int capture(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                   nomem_free_func free_func) {
  failing.malloc = malloc_func;
  failing.realloc = realloc_func;
  failing.calloc = calloc_func;
  failing.free = free_func;
  return uv_replace_allocator(front_malloc, front_realloc, front_calloc, front_free);
}

void memory_install(const char *path) {
  int result = nomem_install_over(capture, heap_malloc, heap_realloc, heap_calloc, heap_free, NULL);
  CHECK(result == 0, "uv_replace_allocator returned %d", result);
  suppressions_read(path);
}

void memory_begin(const char *plan) {
  struct nomem_error error = {0};
  int result = nomem_begin(plan, &error);
  CHECK(result == 0, "nomem_begin(\"%s\") returned %d: column %zu: %s", plan, result, error.column, error.reason);
  atomic_store(&faults, 0);
  atomic_store(&calm, 0);
}

void memory_calm(void) {
  atomic_fetch_add(&calm, 1);
}

void memory_storm(void) {
  atomic_fetch_sub(&calm, 1);
}

uint64_t memory_faults(void) {
  return atomic_load(&faults);
}

void memory_report_unused(void) {
  suppressions_report();
}

static void check_freed(struct block *block) {
  ASAN_UNPOISON_MEMORY_REGION(data_of(block), block->size + GUARD_BYTES);
  size_t at = intact(data_of(block), block->size, POISON);
  if (at == block->size) return;
  print_stack(block);
  fuzz_fail(__FILE__, __LINE__, "byte %zu of a block of %zu bytes, allocated above, was written after it was freed", at,
            block->size);
}

void memory_end(void) {
  struct nomem_counters counters;
  memory_calm();
  nomem_end(&counters);
  CHECK(counters.faults == memory_faults(), "nomem counts %u faults, libuv was given %u", (unsigned)counters.faults,
        (unsigned)memory_faults());
  while (freed.next != &freed) {
    struct block *block = freed.next;
    check_freed(block);
    freed.next = block->next;
    free(block);
  }
  freed.previous = &freed;
  memset(blocks, 0, sizeof blocks);
  block_count = 0;
  if (live.next == &live) return;
  size_t leaks = 0, bytes = 0;
  for (struct block *block = live.next; block != &live; block = block->next) {
    leaks++;
    bytes += block->size;
  }
  print_stack(live.next);
  fuzz_fail(__FILE__, __LINE__, "libuv leaked %zu blocks, %zu bytes; the first was allocated above", leaks, bytes);
}
