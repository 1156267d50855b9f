/* SPDX-License-Identifier: MIT */
/* An allocator to put below a hostile one: block follows block as in glibc's heap, nothing is used twice, and all that
 * is called is noted. So what was written to a block, and beside it, can be seen even after it was freed. */
#ifndef NOMEM_FUZZ_BUMP_HEAP_H
#define NOMEM_FUZZ_BUMP_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What memory holds that nobody has written. */
#define BUMP_BYTE 0x5a
enum { BUMP_CALLS = 128 };

/* A call since the last bump_heap_forget(). */
struct bump_call {
  enum bump_function { BUMP_MALLOC, BUMP_CALLOC, BUMP_REALLOC, BUMP_FREE } function;
  size_t size;
  uint8_t *block; /* what was returned, or freed */
};

/* How blocks lie. */
enum bump_layout {
  BUMP_DENSE,   /* one behind the other */
  BUMP_ALIKE,   /* each is aligned to 32 bytes */
  BUMP_UNEVENLY /* as the bits of a number say, in turn: 16 bytes further or not */
};

void bump_heap_begin(enum bump_layout layout, uint8_t bits);
/* From the calls to come, so many succeed, and then so many fail. */
void bump_heap_refuse(unsigned after, unsigned calls);
void bump_heap_forget(void);
unsigned bump_heap_calls(const struct bump_call **calls);
bool bump_heap_has_refused(void);
/* Nothing but blocks that were given out may have been written to. */
void bump_heap_check_gaps(void);
/* While not 0, every block seems to hold so much. */
void bump_heap_claim(size_t bytes);

/* What a block can hold: at least what was asked for. */
size_t bump_size_of(void *block);
/* The size, or if need be one that is 16 larger, of whose blocks each takes a multiple of 32 bytes: then all of them
 * are aligned alike. */
size_t bump_even_size(size_t size);
void *bump_malloc(size_t size);
void *bump_calloc(size_t count, size_t size);
void *bump_realloc(void *block, size_t size);
void bump_free(void *block);

#endif
