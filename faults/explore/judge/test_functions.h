/* SPDX-License-Identifier: MIT */
/* Functions of a program that a test framework calls, or that call it: its tests, what registers them before main(),
 * and the main() that runs them. They are test code, whatever their file is called; all else in that file need not be,
 * for a test may stand beside what it tests. */
#ifndef NOMEM_TEST_FUNCTIONS_H
#define NOMEM_TEST_FUNCTIONS_H

#include "code_owner.h"

/* Learns them from the stacks of a run's sites. frames: all that stand on these, each once, by value. */
void nomem__test_functions_learn(struct nomem__code_owners *code_owners, const struct nomem_channel *channel,
                                 const nomem_frame *frames, size_t count);

void nomem__test_functions_free(struct nomem__code_owners *code_owners);

bool nomem__is_test_function(const struct nomem__code_owners *code_owners, const struct nomem__source_frame *function);

#endif
