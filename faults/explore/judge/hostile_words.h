/* SPDX-License-Identifier: MIT */
/* What is said of a call that was served by a hostile allocator, in words. ways: bits of enum nomem_hostile. */
#ifndef NOMEM_HOSTILE_WORDS_H
#define NOMEM_HOSTILE_WORDS_H

#include "../../plan.h"

/* Room for the names of all ways, with commas between them. */
#define NOMEM_HOSTILE_LIST_BYTES 48

/* The name of the function that was called; of NOMEM_FN_COUNT, "free". */
const char *nomem__call_name(unsigned fn);

/* What the call did, such as "moved the block". 0: it failed, which is "returned NULL" for most. */
const char *nomem__call_effect(unsigned fn, uint32_t ways);

/* What the allocator was like: "hostile allocator: realloc moves the block". Not for 0. */
const char *nomem__hostile_meaning(uint32_t ways);

/* Prints the names of the ways as a plan has them, into NOMEM_HOSTILE_LIST_BYTES. Returns text. */
const char *nomem__hostile_list(uint32_t ways, char text[NOMEM_HOSTILE_LIST_BYTES]);

#endif
