/* SPDX-License-Identifier: MIT */
/* Plans with hostile= for the fuzz target of that name, and which calls can be served in which ways, by docs/plan.md.
 */
#ifndef NOMEM_FUZZ_HOSTILE_PLAN_H
#define NOMEM_FUZZ_HOSTILE_PLAN_H

#include "common/fuzz.h"
#include "plan.h"

enum { HOSTILE_PLAN_BYTES = 512, HOSTILE_RULES = 3 };

/* Reads the bytes of a plan: how many rules, and of each its ways (0: it fails calls), which condition, and a number.
 */
void hostile_plan_read(struct fuzz_input *input, char text[HOSTILE_PLAN_BYTES], struct nomem_plan *plan);

/* In which ways a call may be served at all. NOMEM_FN_COUNT: a free. has_block: of a realloc or free, there is one.
 * What the C library calls for itself is left as that expects it. */
uint32_t hostile_ways_of(enum nomem_fn fn, bool has_block, size_t size, bool can_measure, bool is_from_libc);

#endif
