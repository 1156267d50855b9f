/* SPDX-License-Identifier: MIT */
#include "common/model_heap.h"

#include <errno.h>
#include <string.h>

#include "common/fuzz.h"

enum { EXPECTED_MAX = 2, LIVE_MAX = 64, POISON = 0xdd };

static const char *const names[] = {"malloc", "realloc", "calloc", "free"};

static struct expectation {
  enum heap_function function;
  const void *ptr;
  size_t count, size;
  bool may, came;
} expected[EXPECTED_MAX];
static unsigned expected_count;

static struct {
  void *block;
  size_t size;
} live[LIVE_MAX];
static size_t live_blocks;

static unsigned refusals;
static int refusal_code;

void heap_expect(enum heap_function function, const void *ptr, size_t count, size_t size, bool may) {
  CHECK(expected_count < EXPECTED_MAX, "the target announces more calls than it has room for");
  expected[expected_count++] = (struct expectation){function, ptr, count, size, may, false};
}

void heap_settle(bool came[2]) {
  for (unsigned i = 0; i < EXPECTED_MAX; i++) {
    const struct expectation *call = &expected[i];
    came[i] = i < expected_count && call->came;
    CHECK(i >= expected_count || call->may || call->came, "%s(%p, %zu, %zu) never reached the replacement",
          names[call->function], call->ptr, call->count, call->size);
  }
  expected_count = 0;
}

static void arrive(enum heap_function function, const void *ptr, size_t count, size_t size) {
  for (unsigned i = 0; i < expected_count; i++) {
    struct expectation *call = &expected[i];
    if (call->came) continue;
    if (call->function == function && call->ptr == ptr && call->count == count && call->size == size) {
      call->came = true;
      return;
    }
    CHECK(call->may, "%s(%p, %zu, %zu) reached the replacement instead of %s(%p, %zu, %zu)", names[function], ptr,
          count, size, names[call->function], call->ptr, call->count, call->size);
  }
  fuzz_fail(__FILE__, __LINE__, "%s(%p, %zu, %zu) reached the replacement without being expected", names[function], ptr,
            count, size);
}

void heap_refuse_next(unsigned count, int code) {
  refusals = count;
  refusal_code = code;
}

bool heap_will_refuse(size_t bytes, int *code) {
  *code = refusals ? refusal_code : ENOMEM;
  return refusals || bytes > HEAP_BYTES_MAX;
}

static bool refuses(size_t bytes) {
  int code;
  if (!heap_will_refuse(bytes, &code)) return false;
  if (refusals) refusals--;
  errno = code;
  return true;
}

static size_t find(const void *block) {
  size_t i = 0;
  while (i < live_blocks && live[i].block != block) i++;
  CHECK(i < live_blocks, "%p is not live: freed twice, or never allocated", block);
  return i;
}

static void *enter(void *block, size_t size) {
  CHECK(block && live_blocks < LIVE_MAX, "the model has no room for another block");
  live[live_blocks].block = block;
  live[live_blocks++].size = size;
  return block;
}

static void leave(void *block) {
  int saved_errno = errno;
  size_t i = find(block);
  memset(block, POISON, live[i].size);
  live[i] = live[--live_blocks];
  free(block);
  errno = saved_errno;
}

void *heap_malloc(size_t size) {
  arrive(HEAP_MALLOC, NULL, 0, size);
  return refuses(size) ? NULL : enter(malloc(size), size);
}

void *heap_realloc(void *ptr, size_t size) {
  arrive(HEAP_REALLOC, ptr, 0, size);
  if (ptr && size == 0) {
    leave(ptr);
    return NULL;
  }
  if (refuses(size)) return NULL;
  void *moved = enter(malloc(size), size);
  if (!ptr) return moved;
  size_t old_size = live[find(ptr)].size;
  memcpy(moved, ptr, old_size < size ? old_size : size);
  leave(ptr);
  return moved;
}

void *heap_calloc(size_t count, size_t size) {
  size_t bytes;
  arrive(HEAP_CALLOC, NULL, count, size);
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;
  return refuses(bytes) ? NULL : enter(calloc(count, size), bytes);
}

void heap_free(void *ptr) {
  arrive(HEAP_FREE, ptr, 0, 0);
  if (ptr) leave(ptr);
  errno = EPERM; /* a replacement may do that */
}

size_t heap_size_of(void *ptr) {
  return live[find(ptr)].size;
}

size_t heap_live_bytes(void) {
  size_t bytes = 0;
  for (size_t i = 0; i < live_blocks; i++) bytes += live[i].size;
  return bytes;
}

size_t heap_live_blocks(void) {
  return live_blocks;
}
