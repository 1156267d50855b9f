/* SPDX-License-Identifier: MIT */
/* What a test framework's shared library has other libraries do for it: by calls, and in threads of their own. */
#ifndef NOMEM_FRAMEWORK_CALLS_H
#define NOMEM_FRAMEWORK_CALLS_H

#include "code_owner.h"

/* Whether a test framework's library calls another one, installed beside it, for itself: none of the program's code
 * stands between them. */
bool nomem__is_call_of_framework(const struct nomem__code_owners *code_owners, const struct nomem__trace *fault);

/* Learns from the stacks of a run's sites which libraries only a framework calls, for itself. */
void nomem__framework_helpers_learn(struct nomem__code_owners *code_owners, const struct nomem_channel *channel);

void nomem__framework_helpers_free(struct nomem__code_owners *code_owners);

/* Whether only such libraries stand on a stack, as in a thread that one of them has started. */
bool nomem__is_call_of_helper(const struct nomem__code_owners *code_owners, const struct nomem__trace *fault);

/* Where code under test called an allocator that the test brings, by its name: how many of the innermost frames that
 * takes. The memory is for the code under test. 0: it did not. */
unsigned nomem__count_allocator_frames(const struct nomem__code_owners *code_owners, const struct nomem__trace *fault);

#endif
