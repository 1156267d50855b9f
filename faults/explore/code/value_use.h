/* SPDX-License-Identifier: MIT */
/* What a function does with what a call has returned: whether it checks it, where it puts it, and what it returns in
 * turn. Of a value that is known, such as NULL, only the ways are followed that it leads to. */
#ifndef NOMEM_VALUE_USE_H
#define NOMEM_VALUE_USE_H

#include "value_place.h"

#define NOMEM_STORES_MAX 8

/* What a function returns. */
struct nomem__returned {
  bool is_known;
  int64_t value;
};

struct nomem__value_use {
  bool is_checked;                              /* a comparison with a number depends on it */
  bool is_returned;                             /* the function returns it, and nothing else */
  bool is_passed;                               /* it is handed to a function */
  bool is_followed;                             /* memory at it is accessed */
  bool is_whole;                                /* no way was lost */
  bool does_return;                             /* the function comes to its end */
  bool may_be_returned;                         /* on one of its ways, at least, it returns the value */
  struct nomem__returned result;                /* what the function then returns */
  struct nomem__place stored[NOMEM_STORES_MAX]; /* memory that is not the function's own, in which it is left */
  size_t stored_count;
};

/* Finds the uses of what the call before a return address has returned. False: there is no such call in the code. */
bool nomem__find_uses(const struct nomem__function_code *code, uint64_t return_address,
                      const struct nomem__returned *value, struct nomem__value_use *use);

#define NOMEM_CHECKS_MAX 8

/* Writes the addresses of the jumps by which a function first decides whether what a call has returned is NULL, one on
 * each way. Returns how many there are, at most NOMEM_CHECKS_MAX. */
size_t nomem__find_checks(const struct nomem__function_code *code, uint64_t return_address,
                          uint64_t checks[NOMEM_CHECKS_MAX]);

/* Whether nothing is done with it. */
bool nomem__is_ignored(const struct nomem__value_use *use);

#endif
