/* SPDX-License-Identifier: MIT */
/* The root cause of a blow-up: which call had failed before, and who did not check it. */
#ifndef NOMEM_ROOT_CAUSE_H
#define NOMEM_ROOT_CAUSE_H

#include "../run/outcome.h"
#include "../stack/stack_trace.h"
#include "../stack/symbols.h"
#include "code_owner.h"

/* The stack of a call that was failed, by its number among those that are known. */
void nomem__fault_trace(const struct nomem_channel *channel, uint32_t index, struct nomem__trace *trace);

/* The next fault of a process (0: of any), from index on; NOMEM_KNOWN_FAULTS: there is none. */
uint32_t nomem__find_fault(const struct nomem_channel *channel, int32_t pid, uint32_t index);

/* The process that blew up; or 0 (any) when none of its calls was failed, because it was forked after the fault or
 * another process sent it what broke it. */
int32_t nomem__process_with_faults(const struct nomem__outcome *outcome);

/* As nomem__trace_blame_library, for all failed calls of this process (0: of any). */
void nomem__blame_library(const struct nomem__outcome *outcome, int32_t pid, struct nomem__symbols *symbols,
                          struct nomem__trace *trace);

/* Where the process blew up, with the culprit marked. Depth 0: not known. */
void nomem__blow_up_trace(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                          struct nomem__trace *trace);

/* Whether a stack is below the call of test code that returns to test: directly, or by way of a callback of the test.
 */
bool nomem__is_below_call(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace,
                          const struct nomem__trace_frame *test);

/* Whether test code passed on a NULL that it had not checked: it gave NULL for the first pointer to the function in
 * which, or below which, the run blew up, and an earlier call of test code had failed. A NULL that it has written there
 * is none. */
bool nomem__test_passed_null(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners,
                             const struct nomem__trace *blow_up);

/* Whether test code gave a variable of the calling function's for the first pointer to the function in which, or below
 * which, the run blew up: what stands in there is the test's. That takes debug information of code without
 * optimisation. */
bool nomem__test_gave_variable(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners,
                               const struct nomem__trace *blow_up);

enum nomem__known { NOMEM_NO, NOMEM_YES, NOMEM_UNKNOWN };

/* Whether the culprit of a blow-up had been given NULL as an argument. */
enum nomem__known nomem__culprit_had_null(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                                          const struct nomem__trace *blow_up);

/* Whether the last failed call was one that test code made itself. */
bool nomem__has_test_call_failed(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners);

/* Whether the run hangs in or below a call that test code made after an earlier call of test code had failed. */
bool nomem__test_went_on(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners,
                         const struct nomem__trace *blow_up);

/* Whether the last failed call of the process (or of any, where none of its own was failed) was made below a call of
 * test code. *call then identifies that call of test code; 0: it may be the very one that blew up. */
bool nomem__find_failed_call(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners,
                             const struct nomem__trace *blow_up, uint64_t *call);

/* What a call has to do with a NULL that was followed. */
enum nomem__cause {
  NOMEM_CAUSE_UNCHECKED, /* it returned the NULL, which was used or stored unchecked */
  NOMEM_CAUSE_LEFT,      /* it returned the NULL, which was checked, and yet left where it was read later */
  NOMEM_CAUSE_IGNORED,   /* it reported a failure, and what it returned was ignored */
  NOMEM_CAUSE_UNSET, /* it was made after a failure that was checked, such as to give up, and needed what was not set
                        yet: it is not the call that failed */
  NOMEM_CAUSES
};

/* A call whose result was not checked, in the function that used the result or passed it on. */
struct nomem__unchecked_call {
  struct nomem__trace where; /* of one frame, as in the fault's stack, and which of the functions at that address made
                                the call (shown_function); depth 0: not known */
  unsigned user;             /* of those at the culprit's address, the one that made the call, if it was one of them */
  enum nomem__cause cause;
  bool is_from_memory; /* the NULL was read from memory, which that call may have left so, or another */
  /* The frame of the blow-up of the function that had checked the failed call, and made another call after it, in which
   * the run blew up at a NULL that need not have been left by the failed one. 0: none. */
  unsigned went_on_at;
};

/* Finds the unchecked call for a process that followed a NULL pointer: the function that did so is still in the very
 * activation in which, or below which, an allocation was failed before. Where it was given NULL as an argument, its
 * caller is considered instead. Paths are borrowed. */
bool nomem__find_unchecked(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                           const struct nomem__trace *blow_up, struct nomem__unchecked_call *unchecked);

/* Blames the function that went on after the failure, if it is code under test: it made the call in which the run blew
 * up before what that needs was set. */
void nomem__blame_going_on(const struct nomem__code_owners *code_owners, const struct nomem__trace *blow_up,
                           struct nomem__unchecked_call *unchecked);

/* Of functions inlined into one another, the innermost that two frames of one function are both in: an inlined wrapper
 * has returned. Its number in each. */
void nomem__find_common_inlined(struct nomem__symbols *symbols, const struct nomem__trace_frame *one,
                                const struct nomem__trace_frame *other, unsigned *of_one, unsigned *of_other);

/* The line of the call. False: it is not known. */
bool nomem__unchecked_source(const struct nomem__unchecked_call *unchecked, struct nomem__symbols *symbols,
                             struct nomem__source_frame *source);

/* Equal for the same call, whatever it led to. */
uint64_t nomem__unchecked_hash(const struct nomem__unchecked_call *unchecked, struct nomem__symbols *symbols);

/* Whether a sanitizer reported an error, or aborted a process without a report that could be captured. */
bool nomem__has_report(const struct nomem__outcome *outcome, struct nomem__symbols *symbols);

#endif
