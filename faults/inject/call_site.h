/* SPDX-License-Identifier: MIT */
/* Names the call stack of an allocation by a key that does not depend on address layout, thread order or machine.
 *
 * A key hashes, for each of the innermost NOMEM_DEPTH frames, the base name of its module and the offset of the return
 * address in it. A real unwind takes microseconds. So for each pair of return address and canonical frame address a
 * table remembers where in the stack the return addresses lay and what they were; for frames whose size is not fixed by
 * the address they return to (alloca, or built without optimisation) also the saved frame pointers: see unwind_rules.h.
 * When all of these words still match, it is the same stack. channel->verify compares every match with a real unwind.
 *
 * Thread-safe, async-signal-safe, allocates nothing; errno is kept by the caller.
 */
#ifndef NOMEM_CALL_SITE_H
#define NOMEM_CALL_SITE_H

#include "../channel.h"
#include "growing_map.h"
#include "injector.h"

/* Prepares the unwinder and maps the table of remembered stacks; called again, it forgets all stacks. Returns 0 or
 * -ENOMEM. */
NOMEM_HIDDEN int nomem__site_init(void);

/* Forgets every remembered stack: a module was unloaded, or the channel is a new one. */
NOMEM_HIDDEN void nomem__site_forget(void);

/* From now on stacks end below this frame address: the callers of the function that it belongs to do not distinguish
 * sites. The address must be on the main thread's stack, above which there is no other. */
NOMEM_HIDDEN void nomem__site_limit(void *cfa);

/* The site of a call made by the code at return_address, whose stack begins at cfa, or NULL when the channel's table is
 * full. A new site is entered as first called for size_bytes by fn. */
NOMEM_HIDDEN struct nomem_site *nomem__site_find(struct nomem_channel *channel, enum nomem_fn fn, uint64_t size_bytes,
                                                 void *return_address, void *cfa);

/* Of the channel that lies in this map, only the pages in it are there. */
NOMEM_HIDDEN void nomem__site_grow_in(struct nomem__growing_map *map);

/* How many stacks were unwound for want of a remembered one. */
NOMEM_HIDDEN uint64_t nomem__site_unwinds(void);

/* The address of the table of remembered stacks, 0 when there is none, and its size. */
NOMEM_HIDDEN uint64_t nomem__site_memory(size_t *bytes);

/* main() has begun: sites that are entered from now on are not marked as called before main. */
NOMEM_HIDDEN void nomem__site_main(void);

/* For tests and benchmarks: writes the stack above cfa by a real unwind. Returns its depth, at most NOMEM_DEPTH. */
NOMEM_HIDDEN unsigned nomem__site_unwind(void *cfa, uintptr_t *addresses, uintptr_t *slots);

/* Which rules' in= or module= condition (the one that is given) holds for this site: bit r for rule r. Function names
 * come from the modules' own symbol tables, read through a mapping of the file. */
NOMEM_HIDDEN uint64_t nomem__site_match(const struct nomem_channel *channel, const struct nomem_site *site,
                                        const struct nomem_plan *plan, enum nomem_condition condition);

#endif
