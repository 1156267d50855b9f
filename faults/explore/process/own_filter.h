/* SPDX-License-Identifier: MIT */
/* Whether a process has installed a filter of its system calls (seccomp). */
#ifndef NOMEM_OWN_FILTER_H
#define NOMEM_OWN_FILTER_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether the thread, whose process runs or is stopped, has one that this process has not: a container's is inherited
 * by both. The thread must not be watched by way of such a filter (syscall_effects.h). False: none, or not known. */
bool nomem__has_own_filter(pid_t tid);

#endif
