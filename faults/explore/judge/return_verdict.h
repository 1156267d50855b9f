/* SPDX-License-Identifier: MIT */
/* Whether a call of test code reported a failure, and test code ignored it: by what was noted of its calls in a run
 * with the fault and in one without. Pure. */
#ifndef NOMEM_RETURN_VERDICT_H
#define NOMEM_RETURN_VERDICT_H

#include "return_watch.h"

#define NOMEM_RETURN_TEXT_BYTES 384

/* The call that may have reported the failure. */
struct nomem__last_call {
  const struct nomem__watched_call *call; /* NULL: there is none, or it is not known */
  uint32_t fault;                         /* to be failed in the run without the fault, which comes to it, too */
  bool is_repeated;                       /* of a hang: it is this call, made again and again, that does not end */
};

/* Finds the last call of test code with a fault below it, in the thread that blew up if that had a fault. It must have
 * returned before, so that what blew up lies below another one. Of calls that were made below one another it is the
 * outermost that has returned: a function of the test's that the code under test calls only passes on what it gets.
 * is_waiting: the run hangs, and not because it is busy. */
struct nomem__last_call nomem__return_verdict_find(const struct nomem__return_watch *watch,
                                                   const struct nomem__outcome *outcome, bool is_waiting);

/* Whether that call returned an error, as against what it returns without the fault, and test code went on as it does
 * then. Says so in text, which is "" otherwise. */
bool nomem__return_verdict_is_ignored(const struct nomem__last_call *last,
                                      const struct nomem__return_watch *without_fault, struct nomem__symbols *symbols,
                                      char text[NOMEM_RETURN_TEXT_BYTES]);

#endif
