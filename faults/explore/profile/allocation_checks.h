/* SPDX-License-Identifier: MIT */
/* Where a program or a library checks what an allocation has returned: by its machine code, and by the lines that its
 * debug information has for that.
 *
 * A check is the first branch, on each way, on whether the result is NULL, of an allocation or of a function that may
 * return the result of one, in the same or in another module. Calls that do not name their function, such as those
 * through a pointer, are known where a run has made them. A result that is stored and read elsewhere, or reported
 * by a number, is not followed. */
#ifndef NOMEM_ALLOCATION_CHECKS_H
#define NOMEM_ALLOCATION_CHECKS_H

#include <jansson.h>
#include <stddef.h>

#include "../stack/symbols.h"
#include "../text/strings.h"

/* What the name of an observed call is that goes to an allocation, whichever that is. */
#define NOMEM_AN_ALLOCATION "an allocation"

/* A line with checks. Strings belong to the symbols, but for the path. */
struct nomem__check_line {
  char *path; /* absolute; owned */
  unsigned line;
  const char *function; /* that checks */
  const char *called;   /* whose result it checks first */
  size_t count;         /* so many branches */
};

/* All zero: none. */
struct nomem__check_lines {
  struct nomem__check_line *list; /* by path and line */
  size_t count, room;
};

/* Adds the lines of the modules that measure their own coverage. observed: a list of calls that do not name their
 * function, as report/observed_calls.h makes it; NULL: none is known. */
void nomem__allocation_checks_find(struct nomem__symbols *symbols, const struct nomem__strings *modules,
                                   const json_t *observed, struct nomem__check_lines *lines);

void nomem__check_lines_free(struct nomem__check_lines *lines);

#endif
