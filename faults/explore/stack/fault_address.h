/* SPDX-License-Identifier: MIT */
/* What kind of address it was whose access killed a process by SIGSEGV or SIGBUS. Pure. */
#ifndef NOMEM_FAULT_ADDRESS_H
#define NOMEM_FAULT_ADDRESS_H

#include <stdint.h>
#include <stdio.h>

#include "stack_capture.h"

/* The kinds, and their names in reports. */
#define NOMEM_ADDRESS_MAP(X)                                                                                       \
  X(NONE, "")               /* another signal, or not known */                                                     \
  X(NULL, "null")           /* NULL or a small offset from it */                                                   \
  X(WILD, "wild")           /* where nothing is mapped */                                                          \
  X(PROTECTED, "protected") /* the mapping there does not allow this access */                                     \
  X(CALL, "call")           /* it was called, and is no code */                                                    \
  X(OVERFLOW, "stack-overflow")                                                                                    \
  X(NO_ADDRESS, "non-canonical") /* the processor has no such address, and the kernel does not say which it was */ \
  X(SENT, "sent")                /* there was no access: a process sent the signal */                              \
  X(FREED, "freed")              /* the poison that freed blocks are filled with */                                \
  X(FREED_BLOCK, "freed-block")  /* in a guarded block that was freed */                                           \
  X(PAST_END, "past-end")        /* past the end of a guarded block */                                             \
  X(BEFORE, "before-start")      /* before the beginning of a guarded block */

enum nomem__address_kind {
#define X(upper, name) NOMEM_ADDRESS_##upper,
  NOMEM_ADDRESS_MAP(X)
#undef X
      NOMEM_ADDRESS_COUNT
};

extern const char *const nomem__address_kind_names[NOMEM_ADDRESS_COUNT];

/* Whether an address is NULL or a small offset from it. */
bool nomem__is_near_null(uint64_t address);

/* Finds out the kind for a process that a signal stopped. */
enum nomem__address_kind nomem__address_kind_find(const struct nomem__stack *stack);

/* Whether a pointer of that kind may have been read from a freed block, or from one that something else had
 * overwritten. */
bool nomem__address_kind_may_be_freed(enum nomem__address_kind address_kind);

/* Whether the address is known, and worth showing. */
bool nomem__address_kind_has_address(enum nomem__address_kind address_kind);

/* Prints what follows the signal's name, such as " at NULL + 0x18"; may print nothing. */
void nomem__address_kind_print(FILE *out, enum nomem__address_kind address_kind, uint64_t address);

#endif
