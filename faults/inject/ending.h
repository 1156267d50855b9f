/* What a process still has when it comes to its end: as many numbers as tell one end from another. */
#ifndef NOMEM_ENDING_H
#define NOMEM_ENDING_H

#include "injector.h"

/* Enters this process among those whose ends are looked at, and where its ledger is. Once more after each exec, and in a
 * forked child that has its parent's ledger. */
NOMEM_HIDDEN void nomem__ending_enter(struct nomem_channel *channel);

/* Writes to the channel how many descriptors are open and threads run, and whether there are child processes that
 * nobody has waited for. */
NOMEM_HIDDEN void nomem__note_end(void);

#endif
