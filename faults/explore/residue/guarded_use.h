/* SPDX-License-Identifier: MIT */
/* What a process did that was stopped at a guarded block (../../inject/guarded_blocks.h): whether the address that it
 * accessed is that of a block that it had freed, or lies right beside one. Pure. */
#ifndef NOMEM_GUARDED_USE_H
#define NOMEM_GUARDED_USE_H

#include "../stack/stack_capture.h"
#include "heap_residue.h"

enum nomem__guarded_place {
  NOMEM_GUARDED_NONE, /* no block was misused: it crashed for another reason */
  NOMEM_GUARDED_FREED,
  NOMEM_GUARDED_PAST_END,
  NOMEM_GUARDED_BEFORE
};

struct nomem__guarded_use {
  enum nomem__guarded_place place;
  bool is_write;               /* of what cannot be told it is taken that it reads */
  struct nomem__guarded block; /* the misused one */
};

/* stack is that of the signal that stopped it, heap what its block table showed at its end. */
struct nomem__guarded_use nomem__guarded_use_find(const struct nomem__heap_residue *heap,
                                                  const struct nomem__stack *stack);

/* The same where the process went on after the signal, which it had caught, and may have freed the block since: an
 * address past the end of a block tells nothing of that. */
struct nomem__guarded_use nomem__guarded_use_find_earlier(const struct nomem__heap_residue *heap,
                                                          const struct nomem__stack *stack);

/* Says it, such as "a block was read after it was freed". */
const char *nomem__guarded_use_text(const struct nomem__guarded_use *use);

#endif
