/* SPDX-License-Identifier: MIT */
/* The block table: every block of this process that is in use, and every place where one was, by address.
 *
 * It is made in few runs: the command asks for it when it has to know which blocks leaked and where they were
 * allocated. Blocks are laid out as without it. Only the bytes that glibc provides beyond the requested size are filled
 * with canaries, which are checked when the block is freed. A freed block stays in quarantine for a while before the C
 * library gets it back, so that a later use of it is noticed and damages no other block. The tables are private memory
 * of this process, of which a fork has a copy. The command reads them before the process is gone.
 *
 * Thread-safe as far as the program's use of a block is: two threads that free one at the same time are a bug of the
 * program. Async-signal-safe, allocates nothing; errno is kept by the caller.
 */
#ifndef NOMEM_BLOCK_TABLE_H
#define NOMEM_BLOCK_TABLE_H

#include "injector.h"

/* Maps the tables, and makes room for guarded blocks where the channel asks for them. Returns 0 or -ENOMEM. has_slack:
 * blocks have glibc's layout. */
NOMEM_HIDDEN int nomem__blocks_open(struct nomem_channel *channel, bool has_slack);

/* The address of the tables; 0 when there are none. */
NOMEM_HIDDEN uint64_t nomem__blocks_address(void);

/* Enters a block that was allocated by a call at this site (NULL: not known). */
NOMEM_HIDDEN void nomem__blocks_enter(void *block, size_t size, const struct nomem_site *site);

/* Takes out a block that the code at return_address is about to free, or to release by realloc. Reports misuse in the
 * channel. Returns what nomem__blocks_undo needs when the realloc fails. */
NOMEM_HIDDEN uint64_t nomem__blocks_leave(void *block, bool is_realloc, void *return_address, void *cfa);
NOMEM_HIDDEN void nomem__blocks_undo(void *block, uint64_t entry);

/* Notes with a block that stays in use that the code at return_address was refused a realloc of it. */
NOMEM_HIDDEN void nomem__blocks_refused(void *block, void *return_address, void *cfa);

/* The requested size of a block in use; 0: it is none. */
NOMEM_HIDDEN size_t nomem__blocks_size(const void *block);

/* The size in such an entry, if the block was in use; 0: it was not. */
NOMEM_HIDDEN size_t nomem__blocks_entry_size(uint64_t entry);

/* Whether the block of such an entry was freed before, and is in quarantine. */
NOMEM_HIDDEN bool nomem__blocks_is_quarantined(uint64_t entry);

/* Whether the block would go into quarantine if it were freed now. */
NOMEM_HIDDEN bool nomem__blocks_may_quarantine(uint64_t entry);

/* Puts a block that was taken out into quarantine instead of freeing it: it is filled with poison, which is checked
 * when its turn has come to be freed, by release (the C library's free). A guarded block's pages are closed, for good.
 * Returns false when the block does not go into quarantine, and the caller has to free it. */
NOMEM_HIDDEN bool nomem__blocks_quarantine(void *block, uint64_t entry, void (*release)(void *));

/* The program has asked for the usable size of a block, and may now write to all of it: there are no canaries. */
NOMEM_HIDDEN void nomem__blocks_reported_size(void *block);

#endif
