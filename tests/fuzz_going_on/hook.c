/* SPDX-License-Identifier: MIT */
/* The target of library.c with an allocator of its own, which that calls: compiled, as the library, with
 * -Dmalloc=hook_malloc and so on. */
#undef malloc
#undef calloc
#undef realloc
#undef free

#include "harness.c"

static size_t calls; /* counted after the call, lest the compiler make it a jump */

void *hook_malloc(size_t size);
void *hook_calloc(size_t count, size_t size);
void *hook_realloc(void *block, size_t size);
void hook_free(void *block);

void *hook_malloc(size_t size) {
  void *block = malloc(size);
  calls++;
  return block;
}

void *hook_calloc(size_t count, size_t size) {
  void *block = calloc(count, size);
  calls++;
  return block;
}

void *hook_realloc(void *block, size_t size) {
  void *moved = realloc(block, size);
  calls++;
  return moved;
}

void hook_free(void *block) {
  free(block);
}
