/* SPDX-License-Identifier: MIT */
/* Where the NULL came from that a process followed: back through the machine code of the functions that were called
 * when it blew up, to a call that led to a failure. */
#ifndef NOMEM_NULL_SOURCE_H
#define NOMEM_NULL_SOURCE_H

#include "../code/value_source.h"
#include "../run/outcome.h"
#include "../stack/stack_trace.h"
#include "../stack/symbols.h"

enum nomem__null_kind {
  NOMEM_NULL_UNKNOWN,   /* it came on ways that are not known */
  NOMEM_NULL_OTHERWISE, /* all ways are known, and none leads to a failure */
  NOMEM_NULL_RETURNED,  /* a call that led to a failure returned it */
  NOMEM_NULL_IN_MEMORY  /* it was read from memory, which such a call may have left so */
};

/* One way on which it may have come. */
struct nomem__null_source {
  enum nomem__null_kind kind; /* NOMEM_NULL_RETURNED or NOMEM_NULL_IN_MEMORY */
  unsigned frame;             /* of the blow-up, whose function made the call */
  uint32_t fault;             /* the last failure that the call led to: its number among those that are known */
  unsigned fault_frame;       /* the same call in its stack */
  struct nomem__place place;  /* of memory */
  int64_t within;             /* as in struct nomem__source */
  uint64_t checked_at;        /* the same */
};

/* So many ways are considered: those that are closest to where it blew up. */
#define NOMEM_NULL_SOURCES_MAX 16

struct nomem__null_sources {
  enum nomem__null_kind kind; /* of what is known of them all */
  struct nomem__null_source list[NOMEM_NULL_SOURCES_MAX];
  size_t count;
};

/* Finds them, the closest first. blow_up must be that of the outcome's stack. */
void nomem__null_sources_find(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                              const struct nomem__trace *blow_up, struct nomem__null_sources *sources);

#endif
