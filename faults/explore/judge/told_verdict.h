/* SPDX-License-Identifier: MIT */
/* Whether test code was told of a failure, by what the calls that it makes return and by how its callbacks are called,
 * in a run with the fault and in one without. Pure. */
#ifndef NOMEM_TOLD_VERDICT_H
#define NOMEM_TOLD_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../stack/debug_info.h"

/* So many arguments of a callback are compared: the first ones, where a status stands. */
#define NOMEM_TOLD_ARGUMENTS 3

/* What came to test code. */
enum nomem__told_kind {
  NOMEM_TOLD_RESULT,   /* a call of code under test returned */
  NOMEM_TOLD_STATUS,   /* a call of the C library returned by which a caller asks for errors, such as ferror */
  NOMEM_TOLD_DATA,     /* any other call of the C library returned, or one of the test's own */
  NOMEM_TOLD_CALLBACK, /* code under test called a function of the test's */
};

struct nomem__told_event {
  uint64_t place;  /* where in test code: equal in two runs for the same place, and for no other */
  uint64_t callee; /* the function that was called; 0: not known */
  enum nomem__told_kind kind;
  struct nomem__debug_result type;          /* of the result */
  uint64_t value;                           /* as the register has it */
  uint64_t arguments[NOMEM_TOLD_ARGUMENTS]; /* of a callback */
  bool is_used;                             /* test code looks at the value, or hands it on */
  bool is_comparison;                       /* a test framework's, of texts or blocks, which may not return */
  bool is_failed_call;                      /* the allocation failed in this call */
  bool is_status;                           /* what a call returns may be one, by its type or what the source says */
  bool is_clean_up;                         /* the call gives something back, by the function's name */
};

/* What was noted from the fault on, in the thread of the fault. */
struct nomem__told_events {
  const struct nomem__told_event *list;
  size_t count;
  bool is_whole; /* to the end of the run */
};

enum nomem__told {
  NOMEM_TOLD,         /* it was, or may have been: the failure was reported */
  NOMEM_TOLD_UNSEEN,  /* it was not, as far as was seen, but not all was */
  NOMEM_TOLD_LOOKED,  /* it was not by a call, and noticed something that it did not get by a call either */
  NOMEM_TOLD_STOPPED, /* it was not by a call that returned, and the run ended where test code calls code under test
                         next: before that call, as by an assertion, or within it */
  NOMEM_TOLD_NOTHING, /* it was not, and what it noticed is another value than without the fault */
};

/* The event of the call in which the allocation failed. NULL: it has not returned. */
const struct nomem__told_event *nomem__told_failed_call(const struct nomem__told_events *events);

/* What test code was told in a run that ended otherwise than usual, the run without the fault. */
enum nomem__told nomem__told_decide(const struct nomem__told_events *events, const struct nomem__told_events *usual);

/* After how many events that came after the return of the call in which the allocation failed the two runs differ; 0,
 * too, where they do not. */
size_t nomem__told_common(const struct nomem__told_events *events, const struct nomem__told_events *usual);

/* The first call after the one in which the allocation failed that reported an error, where the run without the fault
 * made the same calls up to there. NULL: none did. */
const struct nomem__told_event *nomem__told_later_error(const struct nomem__told_events *events,
                                                        const struct nomem__told_events *usual);

/* The first call after the one in which the allocation failed that reported an error, on whatever way, where that one
 * had reported nothing itself. NULL: none did. */
const struct nomem__told_event *nomem__told_late_report(const struct nomem__told_events *events,
                                                        const struct nomem__told_events *usual);

/* Whether anything came there: of a function of the test's, that code under test called it. */
bool nomem__told_has_place(const struct nomem__told_events *events, uint64_t place);

#endif
