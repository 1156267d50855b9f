/* SPDX-License-Identifier: MIT */
/* Of leaked blocks that point to one another in a ring none is the first: the one that was allocated nearest to the
 * call that failed stands for all. */
#ifndef NOMEM_RING_LEAKS_H
#define NOMEM_RING_LEAKS_H

#include "../../channel.h"
#include "heap_blocks.h"

/* Clears is_indirect of it, in each ring to which no other leaked block leads. Of the blocks is_reachable and
 * is_indirect are known. No more than bytes_max are read: what is beyond is taken to point nowhere. */
void nomem__ring_leaks_mark(struct nomem__heap_blocks *blocks, const struct nomem__process_image *image,
                            const struct nomem_channel *channel, uint64_t bytes_max);

#endif
