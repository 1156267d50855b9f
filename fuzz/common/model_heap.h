/* SPDX-License-Identifier: MIT */
/* The allocator under test's test: it serves calls from the C library, and knows which calls must come. Whatever comes
 * unannounced, or with other arguments, or names a block that is not live, fails the input.
 *
 * realloc always moves and poisons what it left, so that a stale pointer shows.
 */
#ifndef NOMEM_FUZZ_MODEL_HEAP_H
#define NOMEM_FUZZ_MODEL_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum heap_function { HEAP_MALLOC, HEAP_REALLOC, HEAP_CALLOC, HEAP_FREE };

/* More than this it refuses by itself. */
#define HEAP_BYTES_MAX 65536

/* Announces the next call; announced calls come in order. One that only may come is skipped when it does not. */
void heap_expect(enum heap_function function, const void *ptr, size_t count, size_t size, bool may);

/* Whether the announced call number i, from 0, came. Fails unless all that must come did; then forgets them all. */
void heap_settle(bool came[2]);

/* The next count requests are refused with this errno. */
void heap_refuse_next(unsigned count, int code);

/* Whether the next request, for this many bytes, is going to be refused, and with which errno. */
bool heap_will_refuse(size_t bytes, int *code);

void *heap_malloc(size_t size);
void *heap_realloc(void *ptr, size_t size);
void *heap_calloc(size_t count, size_t size);
void heap_free(void *ptr);

/* The size asked for of a live block. */
size_t heap_size_of(void *ptr);

/* Bytes of all live blocks, and how many there are. */
size_t heap_live_bytes(void);
size_t heap_live_blocks(void);

#endif
