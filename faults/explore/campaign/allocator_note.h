/* SPDX-License-Identifier: MIT */
/* What is not checked because of the program's allocator. */
#ifndef NOMEM_ALLOCATOR_NOTE_H
#define NOMEM_ALLOCATOR_NOTE_H

#include "campaign.h"

/* What an allocator that is not the C library's hides goes to the campaign's allocator_note: its blocks have another
 * layout, and it may keep the addresses of blocks that it has given away. */
void nomem__allocator_note_make(struct nomem__campaign *campaign, const struct nomem_channel *channel);

#endif
