/* SPDX-License-Identifier: MIT */
/* Whoever wants to look at a run each time one of its threads stops at a signal: at a fault, where the injector stops
 * on request, or at a breakpoint that the watcher has set itself.
 *
 * The process tree knows no more of a watcher than this. Both functions are called from the loop's thread, which traces
 * the run. A watcher belongs to the caller and outlives the run.
 */
#ifndef NOMEM_STOP_WATCHER_H
#define NOMEM_STOP_WATCHER_H

#include <stdint.h>
#include <sys/types.h>

#include "../../channel.h"
#include "../stack/stack_capture.h"

/* How a thread goes on that has stopped at a signal. */
enum nomem__stop_action {
  NOMEM_ACTION_DELIVER,  /* the stop was not for the watcher: the thread gets the signal */
  NOMEM_ACTION_CONTINUE, /* without the signal, to its next stop */
  NOMEM_ACTION_STEP      /* without the signal, by one instruction */
};

struct nomem__stop_watcher {
  /* A run begins with these pages, which the program may write to. Returns where the injector is to stop, of enum
   * nomem_stop. */
  uint32_t (*begin)(struct nomem__stop_watcher *watcher, const struct nomem_channel *pages);

  /* The thread tid has stopped at a signal, and its memory and registers may be read. */
  enum nomem__stop_action (*stopped)(struct nomem__stop_watcher *watcher, struct nomem__stacks *stacks, pid_t tid,
                                     int signal);
};

#endif
