/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "internal_error.h"

#include <string.h>

/* Where in a line the words stand. */
enum place {
  FIRST,   /* at its beginning */
  A_NAME,  /* at its beginning or behind a blank: the name of an exception, which test frameworks indent */
  ANYWHERE /* they are not said otherwise */
};

/* Python: what a function in C must not do raises SystemError, or ends the process. Perl: perl5.36's perldiag calls
 * what is internal "panic:" or "(S internal)". Ruby: rb_bug. Lua says nothing of the kind. */
static const struct {
  enum place place;
  const char *words;
} errors[] = {
    {A_NAME, "SystemError: "},
    {A_NAME, "SystemError("}, /* as repr() has it */
    {ANYWHERE, "Fatal Python error: "},
    {ANYWHERE, " returned NULL without setting an exception"},
    {ANYWHERE, " returned NULL without setting an error"},
    {ANYWHERE, " returned a result with an exception set"},
    {ANYWHERE, " returned a result with an error set"},
    {ANYWHERE, " failed without raising an exception"},
    {ANYWHERE, " raised unreported exception"},
    {ANYWHERE, "error return without exception set"},
    {ANYWHERE, "bad argument to internal function"},
    {FIRST, "panic: "},
    {FIRST, "Bizarre copy of "},
    {ANYWHERE, "Attempt to free unreferenced scalar"},
    {ANYWHERE, "Attempt to free temp prematurely"},
    {ANYWHERE, "Attempt to free non-arena SV"},
    {ANYWHERE, "[BUG] "},
};

static bool stands_there(const char *line, const char *found, enum place place) {
  return place == ANYWHERE || found == line || (place == A_NAME && strchr(" \t'\"(", found[-1]) != NULL);
}

bool nomem__is_internal_error(const char *line, size_t bytes) {
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    const char *words = errors[i].words, *found = memmem(line, bytes, words, strlen(words));
    if (found != NULL && stands_there(line, found, errors[i].place)) return true;
  }
  return false;
}
