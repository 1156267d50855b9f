/* SPDX-License-Identifier: MIT */
/* Where a value in a function came from: the calls that returned it, the function's caller, or a call that was given
 * the memory that holds it. The value is NULL: where a jump shows that it cannot have been, it did not come that way.
 */
#ifndef NOMEM_VALUE_SOURCE_H
#define NOMEM_VALUE_SOURCE_H

#include "value_place.h"

#define NOMEM_SOURCES_MAX 16

enum nomem__source_kind {
  NOMEM_SOURCE_RETURNED, /* by a call: the value itself, or what is by way of it */
  NOMEM_SOURCE_CALLER,   /* it was there when the function was called */
  NOMEM_SOURCE_MEMORY    /* a call that is known to lead to a failure may have written the memory */
};

struct nomem__source {
  enum nomem__source_kind kind;
  uint64_t return_address;   /* of the call */
  struct nomem__place place; /* where the value was: right after the call that returned it, else before */
  int64_t within;            /* of a variable on the stack whose address was taken: how far behind that; otherwise -1 */
  uint64_t checked_at;       /* where it had been compared, and was found to be NULL; 0: nowhere */
};

/* Where a value came from; of more sources than there is room for, the first that were found. */
struct nomem__sources {
  struct nomem__source list[NOMEM_SOURCES_MAX];
  size_t count;
  bool is_whole; /* no way was lost on which it may have come, too */
};

/* Finds the sources of the NULL at place before instruction number is executed. return_addresses: of the calls in this
 * function that led to a failure. */
void nomem__find_sources(const struct nomem__function_code *code, uint32_t number, const struct nomem__place *place,
                         const uint64_t *return_addresses, size_t address_count, struct nomem__sources *sources);

#endif
