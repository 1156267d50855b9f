/* SPDX-License-Identifier: MIT */
/* The common site of a site: its call stack, cut off at the first frame of test code. Sites of different cases that
 * reach an allocation by the same path through the code under test have the same common site.
 */
#ifndef NOMEM_COMMON_SITE_H
#define NOMEM_COMMON_SITE_H

#include <stdint.h>

#include "../stack/stack_trace.h"
#include "code_owner.h"

/* A frame of a path. What names it is the same in every program, wherever its code was loaded. */
struct nomem__path_frame {
  const char *module;   /* path or name, of which only the base name counts; NULL or "": the program itself, whose name
                           says nothing: a library that is linked into each test has the same path in all of them */
  const char *function; /* NULL: not known */
  uint64_t offset;      /* in the function; where that is not known, in the module */
};

/* The key of a path, from the allocation outwards: the frames below the first frame of test code, or all of them where
 * there is none. Never 0, but for no frames at all: that is no common site. Pure. */
uint64_t nomem__common_site_key(const struct nomem__path_frame *frames, unsigned count);

/* The key of the common site of a site's stack; 0: it has none, because test code makes the call itself, or because
 * none of the frames is code under test. Where no test code is known the whole stack is the path. code_owners are those
 * of the site's case. */
uint64_t nomem__common_site_of(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace);

#endif
