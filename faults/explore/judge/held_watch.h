/* SPDX-License-Identifier: MIT */
/* The held watch notes which blocks test code has in hand when a call fails: those whose address stands in a frame of
 * test code or of whoever called it, in a register that it left there, in a variable of the program, or in a block that
 * test code allocated. What was there and it does not have, it handed over to the call that failed, or never saw: only
 * the code under test could free that. What was allocated later no call can have lost that had failed before.
 *
 * The injector stops at the first fault, and the process is read there; it takes a block table.
 */
#ifndef NOMEM_HELD_WATCH_H
#define NOMEM_HELD_WATCH_H

#include "../process/stop_watcher.h"
#include "code_owner.h"

/* What was noted of one run. nomem__held_watch_prepare fills it in. */
struct nomem__held_watch {
  struct nomem__stop_watcher watcher;
  const struct nomem__code_owners *code_owners;
  const struct nomem_channel *pages; /* of the run that goes on */
  bool is_seen;                      /* the first fault was */
  bool is_known;                     /* and all that test code had then */
  uint64_t *blocks;                  /* the addresses of all other blocks that were there, sorted; owned */
  size_t count;
};

/* Makes an empty watch, or one that nomem__held_watch_free emptied, ready for a run. Returns the watcher for the run's
 * request; it belongs to watch. code_owners must outlive it. */
struct nomem__stop_watcher *nomem__held_watch_prepare(struct nomem__held_watch *watch,
                                                      const struct nomem__code_owners *code_owners);

/* Whether test code had the block at this address, or may have had it: not all was known, or it was not there yet. */
bool nomem__held_watch_may_have(const struct nomem__held_watch *watch, uint64_t block);

void nomem__held_watch_free(struct nomem__held_watch *watch);

#endif
