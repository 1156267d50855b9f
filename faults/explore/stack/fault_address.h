/* SPDX-License-Identifier: MIT */
/* What kind of address a process touched that was killed by SIGSEGV or SIGBUS. Pure. */
#ifndef NOMEM_FAULT_ADDRESS_H
#define NOMEM_FAULT_ADDRESS_H

#include <stdint.h>
#include <stdio.h>

#include "stack_capture.h"

/* Kind, and its name in reports. */
#define NOMEM_ADDRESS_MAP(X)                                            \
  X(NONE, "")               /* another signal, or not known */          \
  X(NULL, "null")           /* NULL, and an offset from it */           \
  X(WILD, "wild")           /* where nothing is */                      \
  X(PROTECTED, "protected") /* something is there, not for this */      \
  X(CALL, "call")           /* what is no code was called */            \
  X(OVERFLOW, "stack-overflow")                                         \
  X(NO_ADDRESS, "non-canonical") /* no pointer can hold it */           \
  X(SENT, "sent")                /* by a process, not for an address */ \
  X(FREED, "freed")              /* what a freed block was filled with */

enum nomem__address_kind {
#define X(upper, name) NOMEM_ADDRESS_##upper,
  NOMEM_ADDRESS_MAP(X)
#undef X
      NOMEM_ADDRESS_COUNT
};

extern const char *const nomem__address_kind_names[NOMEM_ADDRESS_COUNT];

enum nomem__address_kind nomem__address_kind_of(const struct nomem__stack *stack);

/* Whether it may come of a block that was freed, or of one that is not what it was. */
bool nomem__address_kind_may_be_freed(enum nomem__address_kind address_kind);

/* Whether an address belongs to it. */
bool nomem__address_kind_has_address(enum nomem__address_kind address_kind);

/* Says it after the signal's name, such as " at NULL + 0x18"; may be nothing. */
void nomem__address_kind_print(FILE *out, enum nomem__address_kind address_kind, uint64_t address);

#endif
