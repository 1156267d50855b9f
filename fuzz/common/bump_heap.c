/* SPDX-License-Identifier: MIT */
#include "common/bump_heap.h"

#include <errno.h>
#include <string.h>

#include "common/fuzz.h"

/* Behind a block lie eight bytes that are nobody's; in front of it, too, because the next one's lie there. */
enum { ARENA_BYTES = 12 << 20, BLOCKS = 4096, STEP = 16, GAP = 8, CHUNK_MIN = 32 };

static _Alignas(64) uint8_t arena[ARENA_BYTES];
static size_t used; /* of the arena */
static struct {
  uint8_t *at;
  size_t room;
  bool is_free;
} blocks[BLOCKS];
static unsigned block_count;

static enum bump_layout layout;
static uint8_t layout_bits;
static unsigned granted, refused; /* see bump_heap_refuse */
static size_t claimed;

static struct bump_call calls[BUMP_CALLS];
static unsigned call_count;
static bool has_refused;

void bump_heap_begin(enum bump_layout next, uint8_t bits) {
  memset(arena, BUMP_BYTE, used ? used : ARENA_BYTES);
  used = STEP;
  block_count = 0;
  layout = next;
  layout_bits = bits;
  granted = refused = 0;
  claimed = 0;
  bump_heap_forget();
}

void bump_heap_refuse(unsigned after, unsigned more) {
  granted = after;
  refused = more;
}

void bump_heap_forget(void) {
  call_count = 0;
  has_refused = false;
}

unsigned bump_heap_calls(const struct bump_call **list) {
  *list = calls;
  return call_count;
}

bool bump_heap_has_refused(void) {
  return has_refused;
}

void bump_heap_claim(size_t bytes) {
  claimed = bytes;
}

static void note(enum bump_function function, size_t size, uint8_t *block) {
  CHECK(call_count < BUMP_CALLS, "one call has made %d of the allocator below", BUMP_CALLS);
  calls[call_count++] = (struct bump_call){function, size, block};
}

FUZZ_FAST static unsigned find(const void *block) {
  unsigned number = 0;
  while (number < block_count && blocks[number].at != block) number++;
  CHECK(number < block_count, "%p is no block of the allocator below", block);
  CHECK(!blocks[number].is_free, "%p was freed", block);
  return number;
}

size_t bump_size_of(void *block) {
  unsigned number = find(block);
  return claimed ? claimed : blocks[number].room;
}

static bool refuses(void) {
  if (granted > 0) {
    granted--;
    return false;
  }
  if (refused == 0) return false;
  refused--;
  return true;
}

size_t bump_even_size(size_t size) {
  if (size >= SIZE_MAX - STEP) return size;
  bool is_even = size % CHUNK_MIN >= STEP - GAP + 1 && size % CHUNK_MIN <= CHUNK_MIN - GAP;
  return is_even ? size : size + STEP;
}

static uint8_t *take(size_t size) {
  if (refuses() || size > ARENA_BYTES || block_count == BLOCKS) return NULL;
  size_t chunk = (size + GAP + STEP - 1) / STEP * STEP, at = used;
  if (chunk < CHUNK_MIN) chunk = CHUNK_MIN;
  bool is_even = (uintptr_t)(arena + at) % CHUNK_MIN == 0;
  bool moves = layout == BUMP_ALIKE ? !is_even : layout == BUMP_UNEVENLY && (layout_bits >> block_count % 8 & 1);
  if (moves) at += STEP;
  if (at + chunk > ARENA_BYTES) return NULL;
  used = at + chunk;
  blocks[block_count].at = arena + at;
  blocks[block_count].room = chunk - GAP;
  blocks[block_count++].is_free = false;
  return arena + at;
}

static void *give(enum bump_function function, size_t size, uint8_t *block) {
  note(function, size, block);
  if (block) return block;
  has_refused = true;
  errno = ENOMEM;
  return NULL;
}

void *bump_malloc(size_t size) {
  return give(BUMP_MALLOC, size, take(size));
}

void *bump_calloc(size_t count, size_t size) {
  uint8_t *block = take(count * size);
  if (block) memset(block, 0, count * size);
  return give(BUMP_CALLOC, count * size, block);
}

void *bump_realloc(void *old, size_t size) {
  unsigned number = old ? find(old) : 0;
  if (old && size == 0) {
    blocks[number].is_free = true;
    note(BUMP_FREE, 0, old);
    return NULL;
  }
  if (old && size <= blocks[number].room && !refuses()) return give(BUMP_REALLOC, size, old);
  uint8_t *block = take(size);
  if (block && old) {
    memcpy(block, old, size < blocks[number].room ? size : blocks[number].room);
    blocks[number].is_free = true;
  }
  return give(BUMP_REALLOC, size, block);
}

void bump_free(void *block) {
  if (!block) return;
  blocks[find(block)].is_free = true;
  note(BUMP_FREE, 0, block);
}

FUZZ_FAST void bump_heap_check_gaps(void) {
  const uint8_t *at = arena;
  for (unsigned number = 0; number <= block_count; number++) {
    const uint8_t *end = number < block_count ? blocks[number].at : arena + used;
    for (; at < end; at++) CHECK(*at == BUMP_BYTE, "byte 0x%02x was written between blocks", *at);
    if (number < block_count) at = end + blocks[number].room;
  }
}
