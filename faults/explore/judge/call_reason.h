/* SPDX-License-Identifier: MIT */
/* Why a finding is the test's own, where the call that failed had said nothing: from what the call watch noted in a run
 * with the fault and in one without. */
#ifndef NOMEM_CALL_REASON_H
#define NOMEM_CALL_REASON_H

#include "call_watch.h"
#include "return_verdict.h"

/* Of a hang: whether a later call reported an error, and test code went on to wait in a call that it makes without the
 * fault, too. waits_at: where that call returns to in test code. Describes it in text, which is "" otherwise. */
bool nomem__call_reason_of_hang(const struct nomem__call_watch *with_fault,
                                const struct nomem__call_watch *without_fault,
                                const struct nomem__trace_frame *waits_at, char text[NOMEM_RETURN_TEXT_BYTES]);

/* Of a crash at a NULL that a variable of test code's held: whether a function of the test's sets it, which code under
 * test calls when nothing fails, and did not call this time. The same. */
bool nomem__call_reason_of_variable(const struct nomem__call_watch *with_fault,
                                    const struct nomem__call_watch *without_fault, char text[NOMEM_RETURN_TEXT_BYTES]);

#endif
