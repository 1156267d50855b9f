/* SPDX-License-Identifier: MIT */
/* Which of the signals that a program catches count as if it had died of them: those that a bug raised, in a place
 * where no run without a fault catches one. */
#ifndef NOMEM_CAUGHT_SIGNALS_H
#define NOMEM_CAUGHT_SIGNALS_H

#include <stddef.h>
#include <stdint.h>

#include "../process/signal_watcher.h"
#include "../stack/symbols.h"
#include "code_owner.h"

/* A program that catches signals in so many places without any fault does so as a matter of course: none counts then.
 */
#define NOMEM_CAUGHT_PLACES 64

struct nomem__caught_signals {
  struct nomem__signal_watcher watcher; /* for the requests of runs */
  struct nomem__symbols *symbols;
  const struct nomem__code_owners *code_owners; /* NULL: all is under test */
  uint64_t places[NOMEM_CAUGHT_PLACES];         /* where runs without a fault have caught one */
  size_t place_count;
};

/* Without places. Both belong to the caller, and outlive it. */
void nomem__caught_signals_open(struct nomem__caught_signals *signals, struct nomem__symbols *symbols,
                                const struct nomem__code_owners *code_owners);

#endif
