/* SPDX-License-Identifier: MIT */
/* What the reader and the printer of a plan's text share: its words, and text of bounded size. */
#ifndef NOMEM_PLAN_PRINT_H
#define NOMEM_PLAN_PRINT_H

#include "plan.h"
#include "plan_words.h"

#define NOMEM_BILLION UINT64_C(1000000000)

enum {
#define X(upper, lower, example) +1
  NOMEM_CONDITION_COUNT = NOMEM_CONDITION_MAP(X),
#undef X
  NOMEM_BYTE_UNIT_COUNT = 3
};

/* Arrays and not pointers, so that the injected library has no relocations here. */
struct nomem__plan_condition {
  uint32_t bit;
  char name[8];
  char example[40]; /* the longest has 39 bytes */
};

struct nomem__plan_byte_unit {
  char suffix;
  unsigned shift;
};

extern const struct nomem__plan_condition nomem__plan_conditions[NOMEM_CONDITION_COUNT];
extern const struct nomem__plan_byte_unit nomem__plan_byte_units[NOMEM_BYTE_UNIT_COUNT];

/* Text of bounded size. What does not fit is dropped, but counted in length. */
struct nomem__plan_writer {
  char *text;
  size_t size, length;
};

void nomem__plan_put_byte(struct nomem__plan_writer *w, char byte);
void nomem__plan_put_text(struct nomem__plan_writer *w, const char *text);
void nomem__plan_put_number(struct nomem__plan_writer *w, uint64_t value);
void nomem__plan_put_hex(struct nomem__plan_writer *w, uint64_t value, unsigned digits);

/* Ends the text with a NUL, within its size. */
void nomem__plan_put_end(struct nomem__plan_writer *w);

#endif
