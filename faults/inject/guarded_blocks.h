/* SPDX-License-Identifier: MIT */
/* Guarded blocks: each has pages of its own, and ends at one that nobody may touch. When it is freed, its pages are
 * closed and never used again. So a read, a write or a call past its end, or through a pointer that was kept too long,
 * stops at that very instruction, by SIGSEGV, and the command finds the block in the block table.
 *
 * Only in runs that are made for this, because it takes a system call for each block. Where the kernel refuses one, or
 * there is no more room, blocks come from the C library as ever. What a process may have is bounded: see
 * ../block_table_format.h.
 *
 * Any thread, and a signal handler; allocates nothing, takes no lock, keeps errno. A fork has a copy of its own.
 */
#ifndef NOMEM_GUARDED_BLOCKS_H
#define NOMEM_GUARDED_BLOCKS_H

#include "../block_table_format.h"
#include "injector.h"

/* Where they lie; 0: there are none. */
extern NOMEM_HIDDEN uintptr_t nomem__guarded_start;

/* Whether an address lies where only guarded blocks do. */
static inline bool nomem__guarded_has(const void *address) {
  return nomem__guarded_start != 0 && (uintptr_t)address - nomem__guarded_start < NOMEM_GUARDED_BYTES;
}

/* Reserves address space for them. Returns false, after the channel was told why, when there will be none. is_glibc:
 * blocks are the C library's. */
NOMEM_HIDDEN bool nomem__guarded_open(struct nomem_channel *channel, bool is_glibc);

/* There will be none after all: nothing describes them. */
NOMEM_HIDDEN void nomem__guarded_give_up(void);

/* Returns a block of zeros, which the block table does not know yet; NULL: it is not to be guarded, or cannot be. */
NOMEM_HIDDEN void *nomem__guarded_allocate(size_t size, size_t alignment);

/* Closes the pages of a block that was freed. False: the kernel has refused it. */
NOMEM_HIDDEN bool nomem__guarded_close(void *block, size_t size);

#endif
