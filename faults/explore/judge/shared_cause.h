/* SPDX-License-Identifier: MIT */
/* Findings that look different and have one cause, which is known once all have been tried again. */
#ifndef NOMEM_SHARED_CAUSE_H
#define NOMEM_SHARED_CAUSE_H

#include "finding.h"

/* Has the stack of where a finding's block was freed point to the function that led both there and to the failure: it
 * freed first, and left the pointer. Nothing is done where no block is known. */
void nomem__point_to_first_free(struct nomem__finding *finding, struct nomem__symbols *symbols);

/* Makes one finding of those whose block the same call freed first, whichever way the second use of it ended; and
 * counts a crash without a known cause with one in the same place that has one, when its own failure was of the same
 * call. */
void nomem__findings_merge_shared(struct nomem__findings *findings, const struct nomem__code_owners *code_owners);

#endif
