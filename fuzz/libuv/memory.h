/* SPDX-License-Identifier: MIT */
/* libuv's memory while an input runs: libuv -> known defects are spared -> the failing allocator -> a heap that checks.
 *
 * The heap notices what would go unnoticed in libuv's objects, which are built without sanitizers: a freed block is
 * poisoned, kept until the input ends and then checked; a realloc always moves; what is still live at the end is a
 * leak. The heap never runs out, so that every NULL that libuv gets is a fault of the plan. All functions may be called
 * from any thread, except memory_install, memory_begin and memory_end.
 */
#ifndef NOMEM_FUZZ_LIBUV_MEMORY_H
#define NOMEM_FUZZ_LIBUV_MEMORY_H

#include <stdint.h>

/* Installs this by uv_replace_allocator, and reads the suppressions from path, and more of them from known_path, which
 * may be NULL or empty. To be called once, before libuv allocates. A bad line ends the process with status 2. */
void memory_install(const char *path, const char *known_path);

/* From now on each call that is failed is named on stderr. */
void memory_name_faults(void);

/* From now on calls fail by this plan. */
void memory_begin(const char *plan);

/* From now on nothing fails. Checks that every block that libuv got since memory_begin was freed. */
void memory_end(void);

/* Between these two no call of any thread is failed or counted. They nest. */
void memory_pause(void);
void memory_resume(void);

/* The number of calls that were failed since memory_begin. */
uint64_t memory_faults(void);

/* Frees what libuv has given away, or leaks as documented. A pointer that is no block of this heap is left alone. */
void memory_disown(const void *ptr);

/* What libuv has now it may keep until it is shut down. */
void memory_keep(void);

/* To be called when libuv is shut down: everything that was kept must be freed by then. */
void memory_end_process(void);

/* Prints on stderr which suppressions spared no call: a later libuv may no longer need them. */
void memory_report_unused(void);

#endif
