/* SPDX-License-Identifier: MIT */
/* A heap below the allocator under test: it serves calls from the C library, and knows which calls must come. An input
 * fails when a call comes that was not announced, has other arguments, or names a block that is not live.
 *
 * realloc always moves and poisons the old block, so that the use of a stale pointer is noticed.
 */
#ifndef NOMEM_FUZZ_MODEL_HEAP_H
#define NOMEM_FUZZ_MODEL_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum heap_function { HEAP_MALLOC, HEAP_REALLOC, HEAP_CALLOC, HEAP_FREE };

/* Requests for more bytes than this always fail. */
#define HEAP_BYTES_MAX 65536

/* Announces the next call. Announced calls come in this order; one that may come is skipped when it does not. */
void heap_expect(enum heap_function function, const void *ptr, size_t count, size_t size, bool may);

/* Sets came[i] to whether the announced call i has come, and forgets all. Fails unless all came that must. */
void heap_settle(bool came[2]);

/* Has the next count requests fail with this errno. */
void heap_refuse_next(unsigned count, int code);

/* Whether the next request will fail if it is for so many bytes, and with which errno. */
bool heap_will_refuse(size_t bytes, int *code);

void *heap_malloc(size_t size);
void *heap_realloc(void *ptr, size_t size);
void *heap_calloc(size_t count, size_t size);
void heap_free(void *ptr);

/* The size that was requested for a live block. */
size_t heap_size_of(void *ptr);

/* The bytes of all live blocks, and their number. */
size_t heap_live_bytes(void);
size_t heap_live_blocks(void);

#endif
