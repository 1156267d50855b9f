/* SPDX-License-Identifier: MIT */
/* An allocator that is not the C library's, although it has that one's hidden name, too: cells of 16 bytes on the heap,
 * without anything between them, and C++'s operator new of its own. When it is loaded it allocates for itself, and does
 * not survive when that fails. */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096
#define CELL 16
#define CELLS (1 << 23)

static unsigned char (*memory)[CELL]; /* so many as there are CELLS */
static uint32_t sizes[CELLS];         /* of the block that begins there */
static size_t used;

static void *take(size_t alignment, size_t size) {
  size_t first = used, count = size / CELL + (size % CELL != 0 || size == 0);
  if (memory == NULL) {
    unsigned char *from = sbrk((intptr_t)CELLS * CELL + PAGE);
    memory = (void *)(((uintptr_t)from + PAGE - 1) / PAGE * PAGE);
  }
  while ((uintptr_t)memory[first] % alignment != 0) first++;
  if (size > (size_t)CELLS * CELL || first + count > CELLS) {
    errno = ENOMEM;
    return NULL;
  }
  used = first + count;
  sizes[first] = (uint32_t)size;
  return memory[first];
}

static size_t size_of(void *block) {
  return sizes[((unsigned char *)block - memory[0]) / CELL];
}

void *malloc(size_t size) {
  return take(CELL, size);
}

void *__libc_malloc(size_t) __attribute__((alias("malloc")));

void *calloc(size_t count, size_t size) {
  size_t bytes;
  return __builtin_mul_overflow(count, size, &bytes) ? NULL : take(CELL, bytes); /* each cell is used once */
}

void *realloc(void *block, size_t size) {
  void *moved = take(CELL, size);
  size_t old = block != NULL ? size_of(block) : 0;
  if (moved != NULL && block != NULL) memcpy(moved, block, old < size ? old : size);
  return moved;
}

void *aligned_alloc(size_t alignment, size_t size) {
  return take(alignment, size);
}

size_t malloc_usable_size(void *block) {
  return block != NULL ? size_of(block) : 0;
}

void free(void *block) {
  if (block == NULL) return;
  if ((unsigned char *)block < memory[0] || (unsigned char *)block >= memory[CELLS]) abort();
}

void *_Znwm(size_t size) {
  return take(CELL, size);
}

void *_ZnwmRKSt9nothrow_t(size_t size, const void *tag) {
  (void)tag;
  return take(CELL, size);
}

void _ZdlPv(void *block) {
  free(block);
}

void _ZdlPvm(void *block, size_t size) {
  (void)size;
  free(block);
}

static void *volatile own;

__attribute__((constructor)) static void begin(void) {
  own = malloc(40);
  if (own == NULL) abort();
}
