/* SPDX-License-Identifier: MIT */
/* Signals that a bug raises, and that the program catches: for ptrace_events.c and tree_state.c only.
 *
 * The first one that counts stands for the end of the run, as a death would. It is withdrawn when its handler made the
 * access possible, returned, and the instruction did what it could not before: that is how a garbage collector's write
 * barrier, memory that is loaded on demand and a stack that grows work. To see that, the thread is followed through the
 * system calls of its handler, of which the last one is rt_sigreturn.
 */
#ifndef NOMEM_SIGNAL_DELIVERY_H
#define NOMEM_SIGNAL_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct nomem__tree;

/* Instructions whose signals have turned out not to count: their stacks are not captured again. */
#define NOMEM__HARMLESS_MAX 64

enum nomem__delivery_phase {
  NOMEM__DELIVERY_NONE,      /* no thread is followed */
  NOMEM__DELIVERY_HANDLED,   /* the handler runs, or was left by a jump */
  NOMEM__DELIVERY_RETURNING, /* it is about to return to the instruction */
  NOMEM__DELIVERY_RETRIED    /* it has returned, and the instruction is tried again */
};

/* All zero: no signal has been caught. */
struct nomem__delivery {
  enum nomem__delivery_phase phase;
  pid_t tid; /* the thread that is followed */
  unsigned stops, captures;
  uint64_t harmless[NOMEM__HARMLESS_MAX];
  unsigned harmless_count;
};

/* Whether a caught signal stands for the end of the run. */
bool nomem__delivery_stands(const struct nomem__tree *tree);

/* The thread has stopped at a signal that its process catches. */
void nomem__delivery_caught(struct nomem__tree *tree, pid_t pid, pid_t tid, int signal);

/* The thread, which may be the one that is followed, has stopped at any signal; or at a system call. */
void nomem__delivery_note_signal(struct nomem__tree *tree, pid_t tid, int signal);
void nomem__delivery_note_system_call(struct nomem__tree *tree, pid_t tid);

/* Whether the thread is to stop at its system calls. */
bool nomem__delivery_follows(const struct nomem__tree *tree, pid_t tid);

/* The thread is not followed any more; or the run is over. */
void nomem__delivery_lose(struct nomem__tree *tree, pid_t tid);
void nomem__delivery_end(struct nomem__tree *tree);

#endif
