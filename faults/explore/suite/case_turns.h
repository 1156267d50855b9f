/* SPDX-License-Identifier: MIT */
/* Whose turn it is, where cases take turns: by the order of case_order.h. Pure. */
#ifndef NOMEM_CASE_TURNS_H
#define NOMEM_CASE_TURNS_H

#include <stdbool.h>

#include "case_order.h"

/* All zero: the order is not made yet. */
struct nomem__case_turns {
  struct nomem__order_step *steps; /* owned */
  size_t count, next;
  bool is_made;
};

/* Makes the order of these cases. is_quick: without the last round. */
void nomem__case_turns_make(struct nomem__case_turns *turns, const struct nomem__order_case *cases, size_t count,
                            bool is_quick);

/* Leaves out what is left of the last round, if it has begun. */
void nomem__case_turns_end(struct nomem__case_turns *turns);

/* The case whose turn it is; returns false when all have had theirs. */
bool nomem__case_turns_peek(const struct nomem__case_turns *turns, size_t *case_number);

/* Takes that turn. Returns the caller's array of *count sites of that case. */
uint32_t *nomem__case_turns_take(struct nomem__case_turns *turns, size_t *count);

void nomem__case_turns_free(struct nomem__case_turns *turns);

#endif
