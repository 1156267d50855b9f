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

/* libuv is built without the sanitizer, but the functions of the C library that it calls are checked. */
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

/* Part of the sanitizers' common run-time: describes the code at pc in out. */
void __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t out_bytes);
#pragma weak __sanitizer_symbolize_pc

enum { UNSET = 0xa5, POISON = 0xdd, GUARD = 0x5c, GUARD_BYTES = 16, FRAMES = 12, BLOCKS_MAX = 1 << 14 };

struct block {
  struct block *next, *previous;
  size_t size;
  uint64_t is_freed;
  uintptr_t frame[FRAMES];
};
_Static_assert(sizeof(struct block) % 16 == 0, "a block behind its head is aligned as one of malloc is");

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
static struct block kept = {.next = &kept, .previous = &kept};
static struct block freed = {.next = &freed, .previous = &freed};
/* All blocks, freed or not, by address: a pointer that is not here does not belong to this heap. */
static struct block *blocks[BLOCKS_MAX];
static unsigned block_count;
static _Atomic unsigned paused = 1;
static _Atomic uint64_t faults;
static bool names_faults;
/* The stack of the request for the block that is about to be made. */
static _Thread_local struct stack requester;

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

/* The block's slot in blocks[], or the one that it would get. */
static struct block **slot_of(const struct block *block) {
  unsigned i = (unsigned)(((uintptr_t)block * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % BLOCKS_MAX;
  while (blocks[i] && blocks[i] != block) i = (i + 1) % BLOCKS_MAX;
  return &blocks[i];
}

static void *heap_new(size_t size) {
  struct block *block = calloc(1, sizeof *block + size + GUARD_BYTES);
  CHECK(block, "the target itself is out of memory: %zu bytes", size);
  block->size = size;
  for (unsigned i = 0; i < FRAMES && i < requester.depth; i++) block->frame[i] = requester.frame[i];
  memset(data_of(block) + size, GUARD, GUARD_BYTES);
  pthread_mutex_lock(&mutex);
  move_to(&live, block);
  *slot_of(block) = block;
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

/* Frees a block that the C library made for libuv. */
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
  bool known = *slot_of(block) != NULL;
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

/* Whether a call must not fail: it is the target's own, or what libuv does after its failure is a known defect. */
__attribute__((noinline)) static bool is_spared(void *cfa) {
  int saved_errno = errno;
  requester.depth = nomem__site_unwind(cfa, requester.frame, requester.slot);
  bool spared = atomic_load(&paused) > 0 || suppressions_match(SUPPRESSION_FAULT, requester.frame, requester.depth);
  errno = saved_errno;
  return spared;
}

static void *count_fault(void *block) {
  if (block) return block;
  atomic_fetch_add(&faults, 1);
  int saved_errno = errno;
  if (names_faults) suppressions_suggest(requester.frame, requester.depth);
  errno = saved_errno;
  return NULL;
}

static void *front_malloc(size_t size) {
  return is_spared(__builtin_dwarf_cfa()) ? heap_malloc(size) : count_fault(failing.malloc(size));
}

static void *front_calloc(size_t count, size_t size) {
  return is_spared(__builtin_dwarf_cfa()) ? heap_calloc(count, size) : count_fault(failing.calloc(count, size));
}

static void *front_realloc(void *ptr, size_t size) {
  return is_spared(__builtin_dwarf_cfa()) ? heap_realloc(ptr, size) : count_fault(failing.realloc(ptr, size));
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

void memory_name_faults(void) {
  names_faults = true;
}

void memory_install(const char *path, const char *known_path) {
  int result = nomem_install_over(capture, heap_malloc, heap_realloc, heap_calloc, heap_free, NULL);
  CHECK(result == 0, "uv_replace_allocator returned %d", result);
  suppressions_read(path);
  if (known_path && known_path[0]) suppressions_read(known_path);
}

void memory_begin(const char *plan) {
  struct nomem_error error = {0};
  int result = nomem_begin(plan, &error);
  CHECK(result == 0, "nomem_begin(\"%s\") returned %d: column %zu: %s", plan, result, error.column, error.reason);
  atomic_store(&faults, 0);
  atomic_store(&paused, 0);
}

void memory_pause(void) {
  atomic_fetch_add(&paused, 1);
}

void memory_resume(void) {
  atomic_fetch_sub(&paused, 1);
}

uint64_t memory_faults(void) {
  return atomic_load(&faults);
}

void memory_disown(const void *ptr) {
  struct block *block = (struct block *)(uintptr_t)ptr - 1;
  pthread_mutex_lock(&mutex);
  bool known = *slot_of(block) != NULL;
  pthread_mutex_unlock(&mutex);
  if (known) heap_free((void *)(uintptr_t)ptr);
}

void memory_keep(void) {
  while (live.next != &live) move_to(&kept, live.next);
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

static void drop_freed(void) {
  while (freed.next != &freed) {
    struct block *block = freed.next;
    check_freed(block);
    freed.next = block->next;
    free(block);
  }
  freed.previous = &freed;
}

static void check_empty(struct block *list) {
  size_t leaks = 0, bytes = 0;
  for (struct block *block = list->next; block != list; block = block->next) {
    leaks++;
    bytes += block->size;
  }
  if (!leaks) return;
  print_stack(list->next);
  fuzz_fail(__FILE__, __LINE__, "libuv leaked %zu blocks, %zu bytes; the first was allocated above", leaks, bytes);
}

void memory_end(void) {
  struct nomem_counters counters;
  memory_pause();
  nomem_end(&counters);
  CHECK(counters.faults == memory_faults(), "nomem counts %u faults, libuv was given %u", (unsigned)counters.faults,
        (unsigned)memory_faults());
  drop_freed();
  memset(blocks, 0, sizeof blocks);
  block_count = 0;
  for (struct block *block = kept.next; block != &kept; block = block->next) {
    *slot_of(block) = block;
    block_count++;
  }
  check_empty(&live);
}

void memory_end_process(void) {
  drop_freed();
  check_empty(&kept);
}
