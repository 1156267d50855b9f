/* SPDX-License-Identifier: MIT */
/* A second reader, printer and decision of fault plans, to compare those of faults/ with.
 *
 * It is written from docs/plan.md and the comments of faults/plan.h, not from faults/plan*.c: where the two differ, one
 * of them is wrong. It takes its time, and may allocate.
 */
#ifndef NOMEM_FUZZ_PLAN_REFERENCE_H
#define NOMEM_FUZZ_PLAN_REFERENCE_H

#include "plan.h"

/* The conditions in the order of the canonical text, and what errors show of each. */
struct reference_condition {
  unsigned bit;
  const char *name, *example;
};
enum { REFERENCE_CONDITIONS = 14 };
extern const struct reference_condition reference_conditions[REFERENCE_CONDITIONS];
extern const char *const reference_functions[NOMEM_FN_COUNT];
extern const char *const reference_ways[NOMEM_HOSTILE_COUNT];

/* As nomem_plan_parse; 0 or -EINVAL. */
int reference_parse(const char *text, struct nomem_plan *plan, struct nomem_plan_error *error);

/* Writes the canonical text, which must fit, and returns its length. */
size_t reference_print(const struct nomem_plan *plan, char out[NOMEM_PLAN_BYTES]);

bool reference_glob(const char *pattern, const char *name);

struct reference_state {
  uint64_t matched[NOMEM_PLAN_RULES], faults[NOMEM_PLAN_RULES];
  bool from_open[NOMEM_PLAN_RULES];
};

/* As nomem__plan_decide. */
int reference_decide(const struct nomem_plan *plan, struct reference_state *state, const struct nomem_call *call);

/* As nomem__plan_serve. */
uint32_t reference_serve(const struct nomem_plan *plan, struct reference_state *state, const struct nomem_call *call);

#endif
