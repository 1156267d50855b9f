/* SPDX-License-Identifier: MIT */
/* The variable of test code's that a NULL was read from, which test code then gave to the code under test. */
#ifndef NOMEM_TEST_VARIABLE_H
#define NOMEM_TEST_VARIABLE_H

#include "../code/value_place.h"
#include "../run/outcome.h"
#include "code_owner.h"

struct nomem__test_variable {
  struct nomem__trace_frame frame; /* of the function in test code, at a call that led to a failure */
  struct nomem__place place;       /* where it lies at that call */
};

/* Finds it in the machine code, for a run that blew up below another call of test code. False: the NULL came from
 * elsewhere, or may have, such as from an object of the code under test. Paths are borrowed. */
bool nomem__test_variable_find(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners,
                               const struct nomem__trace *blow_up, struct nomem__test_variable *variable);

/* Where it lies in a thread that is stopped within the same function, or below it. 0: not known. */
uint64_t nomem__test_variable_locate(const struct nomem__test_variable *variable, struct nomem__symbols *symbols,
                                     const struct nomem__stack *stack, const struct nomem__trace *trace);

#endif
