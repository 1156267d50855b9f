/* SPDX-License-Identifier: MIT */
/* What a run reports in the pages that it shares with the command, copied and checked.
 *
 * A program may have written anything there, and may still be writing. So whoever judges a run reads a copy in the
 * command's own memory. Each value is read from the pages once. What the injector cannot have written is left out, and
 * the pages count as damaged. What the command tells the program stands in the copy first, and is never read back.
 */
#ifndef NOMEM_CHANNEL_COPY_H
#define NOMEM_CHANNEL_COPY_H

#include <stdbool.h>

#include "../../channel.h"

/* An empty copy of the caller's; NULL: memory was short. */
struct nomem_channel *nomem__channel_copy_new(void);

/* NULL is allowed. */
void nomem__channel_copy_free(struct nomem_channel *copy);

/* Writes into the pages what the copy says that the command tells the program. */
void nomem__channel_copy_tell(const struct nomem_channel *copy, struct nomem_channel *pages);

/* Takes the pages as they are before a program is started: all modules and images in there count as whole. */
void nomem__channel_copy_begin(struct nomem_channel *copy, const struct nomem_channel *pages);

/* Copies what a run has reported, except for the sites. Whatever the copy holds keeps within its arrays: counts, depths
 * and kinds are possible ones, texts end, and frames name modules that are there. False: the pages are damaged. */
bool nomem__channel_copy_report(struct nomem_channel *copy, const struct nomem_channel *pages);

/* The same of the sites, after that: there may be thousands of them, and few runs need any. */
bool nomem__channel_copy_sites(struct nomem_channel *copy, const struct nomem_channel *pages);

/* Copies one of the faults that are known while the run goes on. False: it has not been noted, or cannot be one. */
bool nomem__channel_copy_fault(const struct nomem_channel *pages, uint32_t index, struct nomem_fault *fault);

#endif
