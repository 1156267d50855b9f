/* SPDX-License-Identifier: MIT */
/* Work that may never end, because the kernel waits inside a system call for somebody who does not answer: it is done
 * by a thread of its own, and given up after a while. For one thread; in a child made by fork, too.
 */
#ifndef NOMEM_PATIENCE_H
#define NOMEM_PATIENCE_H

#include <stdbool.h>

/* Calls work(job) by another thread and waits until it has returned, for three seconds at most. Returns whether it has;
 * if not, the thread is left alone with the job, and frees it by discard(job) when it has done the work after all.
 * While four threads are left alone, nothing more is begun: false, and the job is freed by discard(job). Where no
 * thread can be had, the caller does the work itself, however long it takes. */
bool nomem__patience_call(void (*work)(void *job), void (*discard)(void *job), void *job);

/* Whether a thread is left alone. */
bool nomem__patience_is_strained(void);

#endif
