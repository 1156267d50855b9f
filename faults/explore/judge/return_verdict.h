/* SPDX-License-Identifier: MIT */
/* Whether a call of test code reported an error, and test code ignored it: decided from what the return watch noted in
 * a run with the fault and in one without. Pure. */
#ifndef NOMEM_RETURN_VERDICT_H
#define NOMEM_RETURN_VERDICT_H

#include "return_watch.h"

#define NOMEM_RETURN_TEXT_BYTES 384

/* The call that may have reported the failure. */
struct nomem__last_call {
  const struct nomem__watched_call *call;  /* NULL: there is none, or it is not known */
  const struct nomem__watched_call *first; /* the first that failed of those in the same place, as of a loop */
  uint32_t fault;                          /* the fault at which the run without a fault is to stop */
  bool is_repeated;                        /* of a hang: it is this call, made again and again, that does not end */
  bool is_clean_up;                        /* the blow-up is below one that gives something back, by its name */
};

/* What a call returned, as a number with the sign of its type. */
int64_t nomem__returned_number(const struct nomem__debug_result *type, uint64_t value);

/* Whether a value reports an error, where the call otherwise returns usual: NULL, false, a number below 0, 0 in place
 * of something, or anything in place of 0 or NULL (the text of an error). Of an unsigned type the largest number is -1.
 */
bool nomem__returned_error(const struct nomem__debug_result *type, int64_t value, int64_t usual);

/* The same call, at the same place of test code, where it has returned. NULL: there is none. */
const struct nomem__watched_call *nomem__find_same_call(const struct nomem__return_watch *watch,
                                                        const struct nomem__watched_call *call);

/* The frame of a stack in which test code has called a function that gives something back, by its name, below which
 * all that is further inwards happened. depth: the innermost call of test code is another one, or there is none. */
unsigned nomem__find_clean_up_call(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace);

/* Finds the last call of test code with a fault below it, in the thread that blew up if that had a fault. The call must
 * have returned before, so that the blow-up lies below another one. Of nested calls it is the outermost that has
 * returned: a callback of the test's only passes on what it gets. is_waiting: the run hangs, and is not busy. */
struct nomem__last_call nomem__return_verdict_find(const struct nomem__return_watch *watch,
                                                   const struct nomem__outcome *outcome, bool is_waiting);

/* Whether that call returned an error, which it does not without the fault, and test code went on as it does without
 * the fault. Describes it in text, which is "" otherwise. */
bool nomem__return_verdict_is_ignored(const struct nomem__last_call *last,
                                      const struct nomem__return_watch *without_fault, struct nomem__symbols *symbols,
                                      char text[NOMEM_RETURN_TEXT_BYTES]);

/* Whether it is known that test code did not go on in spite of an error: that call returned what it always does, or
 * nothing; or, of a hang, test code then took another way, and hangs in a call that it does not make otherwise, or
 * wherever it hangs in one that cleans up, as it must after an error, too. */
bool nomem__return_verdict_is_heeded(const struct nomem__last_call *last,
                                     const struct nomem__return_watch *without_fault, bool is_hang);

#endif
