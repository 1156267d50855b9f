/* SPDX-License-Identifier: MIT */
/* libuv's memory while an input runs: libuv -> known defects are spared -> the failing allocator -> a heap that checks.
 *
 * The heap checks what libuv's own objects, built without sanitizers, would get away with: a freed block is poisoned,
 * kept until the input ends and then looked at; a realloc always moves; what is still live at the end is a leak. It
 * itself never runs out, so that every NULL libuv sees is a fault of the plan. Threads: all calls but memory_install,
 * memory_begin and memory_end may come from any.
 */
#ifndef NOMEM_FUZZ_LIBUV_MEMORY_H
#define NOMEM_FUZZ_LIBUV_MEMORY_H

#include <stdint.h>

/* Puts itself behind uv_replace_allocator, and reads the suppressions from path. Once, before libuv allocates. A bad
 * line ends the process with status 2. */
void memory_install(const char *path);

/* From here on calls fail by this plan. */
void memory_begin(const char *plan);

/* Nothing fails any more. Every block that libuv was given since memory_begin must have come back. */
void memory_end(void);

/* Between these two no call of any thread is failed or counted. They nest. */
void memory_calm(void);
void memory_storm(void);

/* Calls failed since memory_begin. */
uint64_t memory_faults(void);

/* Says on stderr which suppressions spared no call, so that those that a later libuv no longer needs are found. */
void memory_report_unused(void);

#endif
