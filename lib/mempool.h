/* SPDX-License-Identifier: MIT */
/* A bounded memory pool with libuv's allocator signatures: it really runs out. One line puts it behind libuv:
 *
 *   uv_replace_allocator(mempool_malloc, mempool_realloc, mempool_calloc, mempool_free);
 *
 * The first allocation then makes a pool of MEMPOOL_DEFAULT_BYTES. For another size, or memory of your own, call
 * mempool_init before that.
 *
 * One pool per process. Any number of threads may call anything here at the same time, mempool_init, mempool_destroy
 * and the first allocation included. A fork at any moment leaves parent and child each with a working pool, or each
 * without one (their own, unless the memory is mapped shared: do not). Not for signal handlers.
 *
 * Blocks are aligned to 16 bytes and cost MEMPOOL_OVERHEAD bytes each, rounded up to a multiple of 16, plus 1/128 of
 * the pool for the map of live blocks. No call looks at more than a fixed number of blocks, however many there are:
 * free blocks are kept by size class, and within a class in a tree whose depth is limited by the bits of a size. The
 * smallest block that is large enough is taken, so a request fails only when no free block can hold it; and a freed
 * block is joined with its free neighbours at once, so an empty pool is always one block again.
 */
#ifndef NOMEM_LIB_MEMPOOL_H
#define NOMEM_LIB_MEMPOOL_H

#include <stddef.h>

#include "nomem_version.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MEMPOOL_ALIGNMENT 16
#define MEMPOOL_OVERHEAD 8
/* The smallest memory that can hold one block, whatever its alignment, and the largest that can be numbered. */
#define MEMPOOL_BYTES_MIN ((size_t)64)
#define MEMPOOL_BYTES_MAX ((size_t)1 << (sizeof(size_t) > 4 ? 36 : 31))

/* The size of the pool that the first allocation makes when mempool_init has not made one: far more than libuv itself
 * needs. The memory is mapped, so what is never touched takes up addresses only. */
#define MEMPOOL_DEFAULT_BYTES ((size_t)64 << 20)

/* Makes the pool, with its bookkeeping, in the bytes at memory, whatever their alignment; they belong to the pool
 * until mempool_destroy. With memory NULL the pool maps its own, bytes rounded up to whole pages. Returns 0, -EINVAL
 * when bytes is outside MEMPOOL_BYTES_MIN..MEMPOOL_BYTES_MAX, -ENOMEM when there is nothing to map, -EBUSY when there
 * is a pool already, be it the default one: end that with mempool_destroy first. Leaves errno alone. */
int mempool_init(void *memory, size_t bytes);

/* Ends the pool and unmaps what was mapped for it. Returns 0, also when there is no pool, or -EBUSY when blocks are
 * still in use, and then changes nothing. (libuv gives its last blocks back in uv_library_shutdown.) What follows is
 * as at the start of the program: mempool_init may make another pool, and an allocation without it makes the default
 * one, whatever the size of the pool before. Leaves errno alone. */
int mempool_destroy(void);

/* A block of at least size bytes, or NULL with errno ENOMEM when no free block can hold it. A size of 0 gives a block
 * like any other, to be freed. Without a pool this makes the default one first, and so do the two functions below when
 * they allocate; NULL with ENOMEM can then also mean that there was nothing to map, and the next call tries again. A
 * call that succeeds leaves errno alone. */
void *mempool_malloc(size_t size);

/* As mempool_malloc(count * size), zeroed; a product that overflows is NULL with ENOMEM. */
void *mempool_calloc(size_t count, size_t size);

/* Resizes in place when the block shrinks or the free memory behind it is enough, otherwise moves. NULL with ENOMEM
 * leaves the old block and its contents alone. With ptr NULL it is mempool_malloc(size); with size 0 and a block it
 * frees the block and returns NULL with errno untouched. Misuse, once reported, is NULL with EINVAL. */
void *mempool_realloc(void *ptr, size_t size);

/* Gives a block back; NULL does nothing. Leaves errno alone. Misuse, once reported, changes nothing. Without a pool
 * every other pointer is misuse: it is foreign. */
void mempool_free(void *ptr);

/* The bytes that may be used at ptr, at least as many as were asked for; 0 for NULL, and for misuse once reported. */
size_t mempool_usable_size(const void *ptr);

/* What a pointer given to mempool_free, mempool_realloc or mempool_usable_size can be instead of a live block. The map
 * of live blocks makes the first three certain, whatever the memory holds. A block that was freed and allocated again
 * is live: freeing it through the old pointer cannot be distinguished from the right free. */
enum mempool_misuse {
  MEMPOOL_FOREIGN = 1, /* outside the pool: another allocator's, static, on the stack */
  MEMPOOL_INTERIOR,    /* inside a live block, not at its start */
  MEMPOOL_DOUBLE_FREE, /* in free memory: freed already, or never allocated */
  MEMPOOL_OVERRUN,     /* a live block, but the word before it or behind it was overwritten */
};

/* Called on misuse by the thread that did it, without the pool's lock: it may use the pool, and may not return
 * (longjmp, exit). When it returns, the misusing call has no effect. */
typedef void (*mempool_misuse_func)(enum mempool_misuse misuse, const void *ptr);

/* Sets what to do on misuse and returns what was set before. NULL is the default: one line on standard error, then
 * abort. */
mempool_misuse_func mempool_on_misuse(mempool_misuse_func handler);

/* Bytes are of whole blocks, their MEMPOOL_OVERHEAD and rounding included, except largest_free. */
struct mempool_stats {
  size_t capacity_bytes;
  size_t in_use_bytes;
  size_t high_water_bytes; /* the most that in_use_bytes has been since the pool was made */
  size_t largest_free;     /* the largest size that mempool_malloc can serve now; 0 when it can serve none */
  size_t blocks;           /* in use */
  size_t failed_requests;  /* answered with ENOMEM since the pool was made */
};

/* The figures of one moment; all 0 when there is no pool. */
void mempool_stats(struct mempool_stats *stats);

/* What mempool_check can find. */
enum mempool_damage {
  MEMPOOL_BAD_SIZE = -1,     /* a block has no size, or reaches beyond the pool */
  MEMPOOL_BAD_PREVIOUS = -2, /* a block does not know the size of the one before it */
  MEMPOOL_UNJOINED = -3,     /* two free blocks are neighbours */
  MEMPOOL_BAD_MAP = -4,      /* the map of live blocks marks something else */
  MEMPOOL_BAD_COUNTERS = -5, /* the statistics are not those of the blocks */
  MEMPOOL_BAD_LINKS = -6,    /* the index of free blocks is not well-formed: usually a write after free */
  MEMPOOL_BAD_CLASS = -7,    /* a free block is filed under the wrong size */
  MEMPOOL_BAD_INDEX = -8,    /* the index does not hold exactly the free blocks */
};

/* Verifies the whole pool, in time proportional to its blocks. Returns 0, also without a pool, or the first
 * enum mempool_damage found. For tests and fuzzing; allocates nothing. */
int mempool_check(void);

#ifdef __cplusplus
}
#endif

#endif
