/* SPDX-License-Identifier: MIT */
/* Whether a call of test code's reported a failure that test code did not look at, by what was noted of the calls in a
 * run with the fault and in one without. Pure. */
#ifndef NOMEM_RETURN_VERDICT_H
#define NOMEM_RETURN_VERDICT_H

#include "return_watch.h"

#define NOMEM_RETURN_TEXT_BYTES 384

/* The last call of test code's that had a fault, in the thread that blew up where that had any, and that had returned
 * before: what blew up lies under another one. Of those that were made below one another it is the outermost that had
 * returned: a hook of the test's only passes on what it is told. NULL: there is none, or it cannot be told. *fault: its
 * fault. */
const struct nomem__watched_call *nomem__return_verdict_last(struct nomem__return_watch *returned,
                                                             const struct nomem__outcome *outcome, bool is_waiting,
                                                             uint32_t *fault);

/* Whether that call said that it failed, against what it returns without a fault, and test code went on as it does
 * then; and that in words, "" for not. */
bool nomem__return_verdict_ignored(const struct nomem__watched_call *call,
                                   const struct nomem__return_watch *without_fault, struct nomem__symbols *symbols,
                                   char text[NOMEM_RETURN_TEXT_BYTES]);

#endif
