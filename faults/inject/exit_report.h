/* SPDX-License-Identifier: MIT */
/* What a process still has open when it ends: a few numbers in which a run with a fault may differ from others. */
#ifndef NOMEM_EXIT_REPORT_H
#define NOMEM_EXIT_REPORT_H

#include "injector.h"

/* Called when this process is attached, whether calls are failed in it or not. */
NOMEM_HIDDEN void nomem__exit_report_prepare(struct nomem_channel *channel);

/* Enters in the channel that this process is to report its end, and where its block table is. Called again after each
 * exec, and in a forked child that has its parent's block table. A process with a sanitizer is entered only if it is
 * the first of the run and looks for leaks. */
NOMEM_HIDDEN void nomem__exit_report_enter(struct nomem_channel *channel);

/* Enters that main() has returned, and that the stack below this address is no longer in use. */
NOMEM_HIDDEN void nomem__exit_report_main_returned(void *stack);

/* Writes to the channel how many descriptors are open and how many threads run, and whether there are child processes
 * that nobody has waited for. In a process with a sanitizer that looks for leaks it writes how many bytes are in use;
 * where the sanitizer is to look for leaks in this run, it also has the command detach from the process, whichever
 * process of the run it is. */
NOMEM_HIDDEN void nomem__exit_report_write(void);

#endif
