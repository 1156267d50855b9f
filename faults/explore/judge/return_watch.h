/* SPDX-License-Identifier: MIT */
/* What the calls that test code made have returned, when an allocation had been failed below them: whether the code
 * under test said so.
 *
 * The injector stops at each fault. The stack then shows which call of test code's leads there, the innermost one, and
 * the processor stops that thread once more where the call returns: by a debug register of its own, so that nothing in
 * the process is changed, and no other thread notices. A second run, in which the call to fail only stops, tells what
 * is returned otherwise.
 */
#ifndef NOMEM_RETURN_WATCH_H
#define NOMEM_RETURN_WATCH_H

#include "../process/stop_watcher.h"
#include "../stack/debug_info.h"
#include "root_cause.h"

/* Of a process, when a call returned. Where there are more, nothing is known of them. */
#define NOMEM_RETURN_THREADS 64
/* Calls that test code makes next: where they are the same as without the fault, it did not look at what it was
 * told. */
#define NOMEM_RETURN_NEXT 3
#define NOMEM_RETURN_CALLS ((size_t)2 * NOMEM_FAULTS)

enum nomem__return_watch_state {
  NOMEM_RETURN_AWAITED,
  NOMEM_RETURN_STEPPED,      /* it has returned, and what test code does next is followed, step by step */
  NOMEM_RETURN_IN_NEXT_CALL, /* one of its next calls goes on */
  NOMEM_RETURN_OVER
};

struct nomem__watched_call {
  pid_t pid, tid;
  uint64_t address, sp; /* where it returns to, and the stack pointer there */
  uint64_t frame;       /* canonical frame address of the test code's function */
  struct nomem__trace_frame test, callee;
  struct nomem__debug_result type;
  unsigned slot; /* of the thread's debug registers */
  enum nomem__return_watch_state state;
  bool has_returned;
  size_t outer; /* one more than the number of the call of test code's that this one was made below; 0: there is none */
  bool is_outer_unknown;
  uint64_t value;
  uint64_t next[NOMEM_RETURN_NEXT]; /* offsets of where the next calls return to, in the same module */
  size_t next_count;
  uint64_t next_address, next_sp; /* of the one that goes on */
  uint64_t step_ip, step_sp;
  unsigned steps;
  bool is_repeated;                    /* it is what does not end: made again and again */
  bool is_lost;                        /* what came next could not be followed */
  pid_t threads[NOMEM_RETURN_THREADS]; /* that there were when it returned */
  size_t thread_count;
};

enum nomem__return_kind {
  NOMEM_RETURN_UNKNOWN, /* no test code stands behind the fault, or it cannot be watched */
  NOMEM_RETURN_OWN,     /* test code had called the allocation function, or a run-time that did */
  NOMEM_RETURN_CALL
};

/* What is known of the calls of one run; nomem__return_watch_prepare fills it in. */
struct nomem__return_watch {
  struct nomem__stop_watcher watcher;
  const struct nomem__code_owners *code_owners;
  bool is_without_fault; /* nothing is failed in it */
  struct nomem_channel *channel;
  struct nomem__watched_call calls[NOMEM_RETURN_CALLS];
  size_t count;
  enum nomem__return_kind kinds[NOMEM_FAULTS]; /* of each fault */
  size_t numbers[NOMEM_FAULTS];                /* of the innermost call */
  bool is_seen[NOMEM_FAULTS];
};

/* Makes it ready to watch a run, whose request takes the watcher that is returned; it belongs to returned.
 * is_without_fault: the calls that would fail only stop. code_owners must outlive it. */
struct nomem__stop_watcher *nomem__return_watch_prepare(struct nomem__return_watch *returned,
                                                        const struct nomem__code_owners *code_owners,
                                                        bool is_without_fault);

#endif
