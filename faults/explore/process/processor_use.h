/* SPDX-License-Identifier: MIT */
/* How much of the processors the threads of a run had, and how long they waited for one: what tells a run that sleeps
 * from one that a busy machine does not let run. */
#ifndef NOMEM_PROCESSOR_USE_H
#define NOMEM_PROCESSOR_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of the threads of a run so many are looked at. */
#define NOMEM_USE_THREADS 64

/* What a thread had when it was looked at last. */
struct nomem__thread_use {
  pid_t tid;
  uint64_t used_ns, waited_ns; /* the latter without the wait that goes on, which the kernel does not count yet */
  bool is_runnable;            /* it had a processor, or waited for one */
};

/* All zero: nothing is known yet. */
struct nomem__processor_use {
  struct nomem__thread_use list[NOMEM_USE_THREADS];
  size_t count;
  uint64_t seen_ns; /* when they were looked at, by the monotonic clock */
};

/* Since a run was looked at last. All zero where the kernel does not tell. */
struct nomem__processor_step {
  uint64_t used_ns;   /* by all of its threads together */
  uint64_t waited_ns; /* by the one that waited longest */
};

/* Looks at these threads; of one that was not there before, all of its life counts. */
struct nomem__processor_step nomem__processor_use_step(struct nomem__processor_use *use, const pid_t *tids,
                                                       size_t count);

/* Lists a process, its threads and the processes that descend from it, as far as there is room. Returns how many. */
size_t nomem__list_descendants(pid_t process, pid_t tids[NOMEM_USE_THREADS]);

#endif
