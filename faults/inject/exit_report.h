/* SPDX-License-Identifier: MIT */
/* What a process still has when it comes to its end: as many numbers as tell one end from another. */
#ifndef NOMEM_EXIT_REPORT_H
#define NOMEM_EXIT_REPORT_H

#include "injector.h"

/* Called when this process is attached, whether it is injected or not. */
NOMEM_HIDDEN void nomem__exit_report_prepare(struct nomem_channel *channel);

/* Enters this process among those whose ends are looked at, and where its block table is. Once more after each exec,
 * and in a forked child that has its parent's block table. One with a sanitizer only if it is the first, and looks for
 * leaks. */
NOMEM_HIDDEN void nomem__exit_report_enter(struct nomem_channel *channel);

/* Writes to the channel how many descriptors are open and threads run, and whether there are child processes that
 * nobody has waited for. In a process with a sanitizer that looks for leaks: how many bytes are in use; and where it
 * is to look for them now, has the command let go of the process, any of a run. */
NOMEM_HIDDEN void nomem__note_end(void);

#endif
