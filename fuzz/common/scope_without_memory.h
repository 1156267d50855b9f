/* SPDX-License-Identifier: MIT */
#ifndef NOMEM_FUZZ_SCOPE_WITHOUT_MEMORY_H
#define NOMEM_FUZZ_SCOPE_WITHOUT_MEMORY_H

/* In a child of a process that has had no scope yet: there is no memory for the counters, and then none for the stacks.
 * A scope that could not be opened is none. */
void check_scope_without_memory(void);

#endif
