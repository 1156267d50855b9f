/* SPDX-License-Identifier: MIT */
/* The places in test code at which the call watch (call_watch.h) stops a thread. */
#ifndef NOMEM_CALL_PLACES_H
#define NOMEM_CALL_PLACES_H

#include "../stack/stack_trace.h"
#include "called_function.h"
#include "code_owner.h"
#include "told_verdict.h"

/* So much is looked at: more functions and places are left out. */
#define NOMEM_CALL_FUNCTIONS 512
#define NOMEM_CALL_PLACES 16384

struct nomem__instruction;

/* A place in test code: behind a call, where a function begins, or where it compares something. */
struct nomem__call_place {
  uint64_t address;
  unsigned char byte; /* what stands there */
  bool is_entry;
  unsigned char call[NOMEM_CALL_BYTES]; /* the bytes of the call */
  const char *path;                     /* of the module, and where it lies */
  uint64_t bias;
  bool is_known;                 /* what follows is */
  struct nomem__told_event like; /* an event there, without its values */
  struct nomem__trace_frame callee;
  bool is_own;                           /* it calls a function of the test's, as the stack at the fault shows */
  bool is_look_only;                     /* neither behind a call nor where a function begins */
  bool is_outcome;                       /* what is compared there is what came of a comparison */
  const struct nomem__instruction *look; /* the comparison here; NULL: there is none */
};

struct nomem__call_places {
  const struct nomem__code_owners *code_owners;
  struct nomem__call_place *list; /* by address once they are in order; owned */
  size_t count, room;
  bool with_looks; /* what test code compares is a place, too */
  bool is_cut;     /* not all are there */
};

/* Whether a place is a test's. What a test framework calls for itself, and who calls it, says nothing. */
bool nomem__is_of_test(const struct nomem__code_owners *code_owners, const char *path, uint64_t offset);

/* Adds the place behind a call, or the beginning of a function. */
void nomem__call_places_add(struct nomem__call_places *places, const char *path, uint64_t bias, uint64_t offset,
                            bool is_entry);

/* Adds all places of the modules with test code in a stack, from a frame outwards. */
void nomem__call_places_add_all(struct nomem__call_places *places, const struct nomem__stack *stack,
                                const struct nomem__trace *trace, unsigned from);

/* Puts them in order, each once. */
void nomem__call_places_order(struct nomem__call_places *places);

/* NULL: there is none. */
struct nomem__call_place *nomem__call_places_find(const struct nomem__call_places *places, uint64_t address);

#endif
