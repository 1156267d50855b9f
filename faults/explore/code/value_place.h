/* SPDX-License-Identifier: MIT */
/* Where a value is: in a register, or in memory by way of one. And where it was before an instruction. Pure. */
#ifndef NOMEM_VALUE_PLACE_H
#define NOMEM_VALUE_PLACE_H

#include "function_code.h"

/* How many pointers are followed from a register to a value. */
#define NOMEM_PLACE_STEPS 3

/* The register core holds the value (no steps), or the address of memory, at a displacement, that holds it; or that
 * memory has the address of other memory; and so on. */
struct nomem__place {
  uint8_t core; /* enum nomem__register */
  uint8_t part; /* of a vector register */
  uint8_t steps;
  int64_t displacement[NOMEM_PLACE_STEPS];
};

/* What an instruction did to a value. */
enum nomem__step {
  NOMEM_STEP_SAME,     /* the place had it before, or another one, which is then in place */
  NOMEM_STEP_EITHER,   /* it may have been in place or in *other */
  NOMEM_STEP_NUMBER,   /* it was made there: a number */
  NOMEM_STEP_RETURNED, /* a call has returned it; place is by way of what was returned */
  NOMEM_STEP_LOST
};

/* Goes back over an instruction. number is that of NOMEM_STEP_NUMBER. */
enum nomem__step nomem__place_step_back(const struct nomem__instruction *instruction, struct nomem__place *place,
                                        struct nomem__place *other, int64_t *number);

/* The place of an operand. False: none can be named, such as an element of an array. */
bool nomem__place_of_operand(const struct nomem__operand *operand, struct nomem__place *place);

bool nomem__place_is_equal(const struct nomem__place *a, const struct nomem__place *b);

/* Whether both are the same before an instruction, by what was done just before: that register may be loaded from where
 * the other place begins. */
bool nomem__place_is_same(const struct nomem__function_code *code, uint32_t number, const struct nomem__place *a,
                          const struct nomem__place *b);

/* Whether a register has a number that was put into it as such right before an instruction: on the only way there, and
 * it was in no memory. */
bool nomem__register_is_number(const struct nomem__function_code *code, uint32_t number, unsigned core, int64_t *value);

/* Whether a function that is called keeps a register. */
bool nomem__is_kept_register(unsigned number);

#endif
