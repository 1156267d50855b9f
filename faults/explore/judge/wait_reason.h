/* SPDX-License-Identifier: MIT */
/* Wait reasons: what each thread of a run that hangs is doing or waiting for, in words. */
#ifndef NOMEM_WAIT_REASON_H
#define NOMEM_WAIT_REASON_H

#include "../process/process_tree.h"
#include "../stack/stack_trace.h"
#include "../stack/symbols.h"

#define NOMEM_WAIT_BYTES 160

/* A thread as a report shows it. */
struct nomem__waiter {
  unsigned process, number;           /* from 1, in the run */
  char name[NOMEM_THREAD_NAME_BYTES]; /* as in nomem__thread */
  char what[NOMEM_WAIT_BYTES];        /* such as "waits for a lock that thread 1 holds" */
  struct nomem__trace trace;          /* depth 0: not known. Its paths are borrowed */
};

/* Describes all threads that end has, in their order; list has room for them. Returns the index of the one to be shown:
 * the main thread, unless it only waits for other threads of which one waits for a lock. */
size_t nomem__wait_reason_describe(const struct nomem__end *end, struct nomem__symbols *symbols,
                                   struct nomem__waiter *list);

#endif
