/* SPDX-License-Identifier: MIT */
/* Distinguishes the calls that a sanitizer, or another allocator than the C library's, makes for itself from those that
 * it makes for the program; and those of a run-time that writes coverage data from the program's. */
#ifndef NOMEM_SANITIZER_H
#define NOMEM_SANITIZER_H

#include "../channel.h"
#include "injector.h"

/* Whether this process has a sanitizer's run-time. Set by the backend before it attaches. */
extern NOMEM_HIDDEN bool nomem__has_sanitizer;

/* Also set by the backend: returns how many bytes are in use, where the sanitizer looks for leaks when the process
 * ends; otherwise NULL. */
extern NOMEM_HIDDEN size_t (*nomem__sanitizer_bytes)(void);

/* Also set by the backend: the file name of the library that serves malloc in place of the C library, and lives as long
 * as the process. NULL: none does, or it is a sanitizer. */
extern NOMEM_HIDDEN const char *nomem__allocator_name;

/* Whether the command wants the data of programs that measure their own coverage, which a compiler's run-time writes.
 * Set when the injector starts. */
extern NOMEM_HIDDEN bool nomem__measures_coverage;

/* Whether there may be such calls. */
static inline bool nomem__has_own_calls(void) {
  return nomem__has_sanitizer || nomem__allocator_name != NULL || nomem__measures_coverage;
}

/* Whether a sanitizer, an allocator or what measures coverage made this call for itself: it would not survive its
 * failure. Searches a symbol table: keep the answer. */
NOMEM_HIDDEN bool nomem__is_own_call(const struct nomem_channel *channel, const struct nomem_site *site);

#endif
