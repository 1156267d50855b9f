/* SPDX-License-Identifier: MIT */
/* Functions that no stack shows: where the last thing that one does is to call another, optimised code jumps there. */
#ifndef NOMEM_LEFT_BY_JUMP_H
#define NOMEM_LEFT_BY_JUMP_H

#include "../stack/stack_trace.h"
#include "code_owner.h"

/* Whether a frame of a stack, below which the run-time was entered, has called code under test, which then jumped on to
 * the run-time. */
bool nomem__was_left_by_jump(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace,
                             const struct nomem__trace_frame *frame);

#endif
