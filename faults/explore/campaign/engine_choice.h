/* SPDX-License-Identifier: MIT */
/* Which engines are safe for a program, by what it was seen to do. Pure; engines.h makes the runs.
 *
 * effects: bits of enum nomem__effect, of a run without a fault. is_isolated: each run has a view of the files of its
 * own. */
#ifndef NOMEM_ENGINE_CHOICE_H
#define NOMEM_ENGINE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "../../channel.h"

/* The effects that keep the program from an engine; 0: none. Starting the program anew is always safe. */
unsigned nomem__engine_obstacles(enum nomem_engine engine, unsigned effects, bool is_isolated);

/* Whether each run needs a view of the files of its own: what an earlier run left could be in its way. */
bool nomem__engine_needs_fresh_files(unsigned effects, bool is_isolated);

/* Whether threads or processes may race, so that a run may miss its call by chance. unstable_sites: those that came in
 * only one of the runs without a fault. */
bool nomem__engine_may_race(unsigned effects, size_t unstable_sites);

#endif
