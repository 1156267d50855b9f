/* SPDX-License-Identifier: MIT */
/* The block table: every block of this process that is in use, and every place where one was, by address.
 *
 * For one run of a kind: the command asks for it when it has to know which blocks were left, and where they came from.
 * Blocks are given out as ever: nothing is put around them, only the bytes that glibc gives beyond the size asked for
 * are filled, and compared when the block is given back. What the program frees is held for a while before the C
 * library has it back, so that what is done to it meanwhile is seen, and nobody else's block suffers. The tables are
 * memory of this process alone; a fork has a copy. The command reads them before the process goes.
 *
 * Thread-safe as far as the program's use of a block is: two threads that free one at the same time are the program's
 * fault. Async-signal-safe, allocates nothing; errno is kept by the caller.
 */
#ifndef NOMEM_BLOCK_TABLE_H
#define NOMEM_BLOCK_TABLE_H

#include "injector.h"

/* Maps the tables. Returns 0 or -ENOMEM. has_slack: blocks have glibc's layout. */
NOMEM_HIDDEN int nomem__blocks_open(struct nomem_channel *channel, bool has_slack);

/* Where the tables are; 0: nowhere. */
NOMEM_HIDDEN uint64_t nomem__blocks_address(void);

/* A block was given out, by a call at this site (NULL: not known). */
NOMEM_HIDDEN void nomem__blocks_enter(void *block, size_t size, const struct nomem_site *site);

/* A block is about to be given back, by free or by realloc, by the code at return_address. Notes it in the channel when
 * that is wrong. Returns what nomem__blocks_undo takes when it is not given back after all. */
NOMEM_HIDDEN uint64_t nomem__blocks_leave(void *block, bool is_realloc, void *return_address, void *cfa);
NOMEM_HIDDEN void nomem__blocks_undo(void *block, uint64_t entry);

/* Whether the block of such an entry was freed before, and is held. */
NOMEM_HIDDEN bool nomem__blocks_is_quarantined(uint64_t entry);

/* Whether it would be held, were it freed now. */
NOMEM_HIDDEN bool nomem__blocks_may_quarantine(uint64_t entry);

/* A block that has left is held, rather than given back: it is filled, and looked at before it is given back in its
 * turn, by this function, to see whether it was written. give_back is the C library's free. False: it is not held, and
 * the caller is to give it back. */
NOMEM_HIDDEN bool nomem__blocks_quarantine(void *block, uint64_t entry, void (*give_back)(void *));

/* The program was told how large a block is: all of it may be written. */
NOMEM_HIDDEN void nomem__blocks_reported_size(void *block);

#endif
