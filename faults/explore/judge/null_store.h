/* SPDX-License-Identifier: MIT */
/* Who left a NULL in memory that was followed later: the function that stored what a failed call had returned, or the
 * one that was told of the failure and did not look. */
#ifndef NOMEM_NULL_STORE_H
#define NOMEM_NULL_STORE_H

#include "null_source.h"
#include "root_cause.h"

struct nomem__null_store {
  enum nomem__cause cause; /* NOMEM_CAUSES: it is not known */
  unsigned fault_frame;    /* of the failure's stack: the call */
  bool is_same_place;      /* it was stored in the very member, or the variable, that it was read from */
};

/* Finds it for a NULL that was read from memory (NOMEM_NULL_IN_MEMORY). */
struct nomem__null_store nomem__null_store_find(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                                                const struct nomem__null_source *source);

/* Whether the call of a NOMEM_NULL_RETURNED is known to have returned NULL because of its failure, rather than to have
 * done without. */
bool nomem__is_null_returned(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                             const struct nomem__null_source *source);

/* Whether the function in a frame of a failure's stack compares what the call there has returned with a number, or does
 * nothing with it: then it is not the one that used it unchecked. Also false when it is not known. */
bool nomem__is_checked_or_unused(struct nomem__symbols *symbols, const struct nomem__trace *fault, unsigned frame);

/* Whether the function in a frame of a failure's stack compares what the call there has returned with a number. */
bool nomem__is_checked(struct nomem__symbols *symbols, const struct nomem__trace *fault, unsigned frame);

/* Whether the function that made the call in a frame of a failure's stack returns what that returned, on one of its
 * ways at least. */
bool nomem__is_passed_on(struct nomem__symbols *symbols, const struct nomem__trace *fault, unsigned frame);

#endif
