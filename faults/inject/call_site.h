/* SPDX-License-Identifier: MIT */
/* Names the call stack of an allocation: the same key under any address layout, thread order and machine.
 *
 * A key hashes, for each of the innermost NOMEM_DEPTH frames, the base name of its module and the offset of the return
 * address in it. A real unwind costs microseconds; so for each (return address, canonical frame address) the table of
 * remembered stacks keeps where the return addresses lay and what they were, and, for frames whose size is not fixed by
 * the address they return to (alloca, or built without optimisation), the saved frame pointers too: see frame.h. When
 * all still match, it is the same stack. channel->verify compares every match with a real unwind.
 *
 * Thread-safe, async-signal-safe, allocates nothing; errno is kept by the caller.
 */
#ifndef NOMEM_CALL_SITE_H
#define NOMEM_CALL_SITE_H

#include "../channel.h"
#include "injector.h"

/* Readies the unwinder and maps the table of remembered stacks; forgets all stacks when called again. Returns 0 or
 * -ENOMEM. */
NOMEM_HIDDEN int nomem__site_init(void);

/* Forgets every remembered stack: a module was unloaded, or the channel is another one. */
NOMEM_HIDDEN void nomem__site_forget(void);

/* Stacks end below this frame address from now on: who called the function it belongs to does not make another site.
 * For the main thread's stack, above which there is none. */
NOMEM_HIDDEN void nomem__site_limit(void *cfa);

/* The site of a call made by the code at return_address, whose stack begins at cfa; NULL when channel's table is full.
 * A new one is entered as first called for size_bytes by fn. */
NOMEM_HIDDEN struct nomem_site *nomem__site_find(struct nomem_channel *channel, enum nomem_fn fn, uint64_t size_bytes,
                                                 void *return_address, void *cfa);

/* Where the table of remembered stacks is, 0: nowhere, and how long. */
NOMEM_HIDDEN uint64_t nomem__site_memory(size_t *bytes);

/* main() has begun: sites from now on are not called "before main". */
NOMEM_HIDDEN void nomem__site_main(void);

/* For tests and benchmarks: writes the stack above cfa by a real unwind. Returns its depth, at most NOMEM_DEPTH. */
NOMEM_HIDDEN unsigned nomem__site_unwind(void *cfa, uintptr_t *addresses, uintptr_t *slots);

/* Which of the plan's in= and module= conditions (given the bit of the condition) hold for this site: bit r for rule r.
 * Function names come from the modules' own symbol tables, read through a mapping of the file. */
NOMEM_HIDDEN uint64_t nomem__site_match(const struct nomem_channel *channel, const struct nomem_site *site,
                                        const struct nomem_plan *plan, enum nomem_condition condition);

#endif
