/* SPDX-License-Identifier: MIT */
/* The return watch notes what those calls of test code return below which an allocation was failed, and which calls
 * test code makes next: whether test code was notified of the failure, and ignored it.
 *
 * The injector stops at each fault. The stack then shows the innermost call of test code that leads there, and a
 * breakpoint in the code stops that thread once more where the call returns (process/code_breakpoints.h). A second run,
 * in which the failing call only stops, shows what is returned without the fault.
 */
#ifndef NOMEM_RETURN_WATCH_H
#define NOMEM_RETURN_WATCH_H

#include "../process/code_breakpoints.h"
#include "../process/stop_watcher.h"
#include "../stack/debug_info.h"
#include "root_cause.h"

/* So many threads of a process are listed when a call returns. Where there are more, nothing is known of them. */
#define NOMEM_RETURN_THREADS 64
/* So many calls that test code makes next are compared. If they are the same as without the fault, test code ignored
 * the error. */
#define NOMEM_RETURN_NEXT 3
/* With those by which it notes the error, such as a framework's, no more than this are followed. */
#define NOMEM_RETURN_FOLLOWED 32
#define NOMEM_RETURN_CALLS ((size_t)2 * NOMEM_FAULTS)

enum nomem__return_watch_state {
  NOMEM_RETURN_AWAITED,
  NOMEM_RETURN_STEPPED,      /* it has returned, and the thread is single-stepped through test code */
  NOMEM_RETURN_IN_NEXT_CALL, /* the thread is in one of the next calls */
  NOMEM_RETURN_OVER
};

/* A call that test code made. */
struct nomem__watched_call {
  pid_t pid, tid;
  uint64_t address, sp; /* where it returns to, and the stack pointer then */
  uint64_t frame;       /* canonical frame address of the function in test code */
  struct nomem__trace_frame test, callee;
  struct nomem__debug_result type;
  enum nomem__return_watch_state state;
  bool has_returned;
  size_t outer; /* the number of the call of test code below which it was made, plus 1; 0: there is none */
  bool is_outer_unknown;
  uint64_t value;
  uint64_t next[NOMEM_RETURN_FOLLOWED]; /* where the next calls return to: offsets in the module of the test */
  bool is_note[NOMEM_RETURN_FOLLOWED];  /* such a call is a test framework's, or of a C++ library: see test_names.h */
  size_t next_count, other_count;       /* the latter: those that are none */
  uint64_t next_address, next_sp;       /* where the one returns to that the thread is in */
  uint64_t step_ip, step_sp;
  unsigned steps;
  bool is_lost;                        /* the thread could not be followed further */
  pid_t threads[NOMEM_RETURN_THREADS]; /* those of the process when it returned */
  size_t thread_count;
};

/* Which call of test code led to a fault. */
enum nomem__return_kind {
  NOMEM_RETURN_UNKNOWN, /* no test code, or a call that cannot be watched */
  NOMEM_RETURN_OWN,     /* test code called the allocation function itself, or a run-time that called it */
  NOMEM_RETURN_CALL     /* a call of test code that is watched */
};

/* What was noted of one run. nomem__return_watch_prepare fills it in. */
struct nomem__return_watch {
  struct nomem__stop_watcher watcher;
  const struct nomem__code_owners *code_owners;
  bool is_without_fault;             /* the calls that would fail only stop */
  const struct nomem_channel *pages; /* of the run that goes on */
  struct nomem__watched_call calls[NOMEM_RETURN_CALLS];
  size_t count;
  struct nomem__code_breakpoints breakpoints;
  enum nomem__return_kind kinds[NOMEM_FAULTS]; /* of each fault */
  size_t numbers[NOMEM_FAULTS];                /* of its innermost call of test code */
  bool is_seen[NOMEM_FAULTS];
};

/* Makes it ready for a run. Returns the watcher for the run's request; it belongs to watch. code_owners must outlive
 * it. */
struct nomem__stop_watcher *nomem__return_watch_prepare(struct nomem__return_watch *watch,
                                                        const struct nomem__code_owners *code_owners,
                                                        bool is_without_fault);

#endif
