/* SPDX-License-Identifier: MIT */
/* What names say: whether a call that failed for want of memory returned another error than that, although it could
 * have said so; and whether a function is there to clean up. Pure. */
#ifndef NOMEM_ERROR_NAMES_H
#define NOMEM_ERROR_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#define NOMEM_ENUMERATOR_BYTES 96

/* Whether the name of an error says that there was no memory: NO_MEMORY, ENOMEM, OutOfMemory, OOM, MEM_ERROR,
 * ALLOC_FAILED and the like, as whole words of the name. */
bool nomem__names_want_of_memory(const char *name);

/* Whether the name of a function, demangled, says that it gives something back: close, free, destroy, shutDown,
 * clean_up and the like, as whole words of the name; or it is a destructor. */
bool nomem__names_clean_up(const char *function);

/* Whether the name of a function says that it allocates: alloc, mem_alloc_func, default_realloc and the like, as whole
 * words of the name. It may do more, as a constructor does. */
bool nomem__names_allocation(const char *function);

/* Whether the name of a variable, a member or a constant says that it is a status: err, failed, state, rc, OK and the
 * like, as whole words of the name. */
bool nomem__names_status(const char *name);

/* What a function returned, and what it could have. All zero but value: nothing is known of its type. */
struct nomem__returned_enum {
  int64_t value;
  bool is_want_of_memory;                   /* value says that there was no memory */
  char name[NOMEM_ENUMERATOR_BYTES];        /* of value; "": it has none */
  char memory_name[NOMEM_ENUMERATOR_BYTES]; /* what says that there is no memory; "": nothing does */
};

/* Notes one value of the enumeration that is returned; value was set before. Of several names the first counts. */
void nomem__returned_enum_note(void *returned, const char *name, int64_t value);

/* Whether the value is an error that is not what was the matter, where the call returns usual without the fault. */
bool nomem__returned_enum_is_wrong(const struct nomem__returned_enum *returned, int64_t usual);

/* Whether a number is a negative errno, and not what was the matter. -1 is none: it says no more than "failed".
 * knows_errno: a call of the same library has returned -ENOMEM when another allocation failed. */
bool nomem__returned_errno_is_wrong(int64_t value, int64_t usual, bool knows_errno);

#endif
