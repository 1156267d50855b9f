/* SPDX-License-Identifier: MIT */
/* Whoever wants to know which signals a run catches that a bug raises: a test framework, a crash reporter or a language
 * run-time may have a handler for SIGSEGV, and then nobody dies of it.
 *
 * ptrace sees the signal before the handler does. The process tree knows no more of a watcher than this. It belongs to
 * the caller and outlives the run.
 */
#ifndef NOMEM_SIGNAL_WATCHER_H
#define NOMEM_SIGNAL_WATCHER_H

#include <stdbool.h>

#include "../stack/stack_capture.h"

struct nomem__signal_watcher {
  bool is_learning; /* the run has no fault, and all that it catches is shown to the watcher */

  /* A thread is about to run its handler, with this stack: for a fault of the processor's or an abort. Returns whether
   * that counts as if it had died. */
  bool (*caught)(struct nomem__signal_watcher *watcher, const struct nomem__stack *stack);

  /* Whether a breakpoint with this stack is a bug, where its module has some that are meant for a debugger. */
  bool (*is_bug_at)(struct nomem__signal_watcher *watcher, const struct nomem__stack *stack);
};

#endif
