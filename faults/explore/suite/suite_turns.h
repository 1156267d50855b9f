/* SPDX-License-Identifier: MIT */
/* Cases that take turns, because the time may not be enough for all of them: a batch of them make their runs without a
 * fault, the shortest first, for a part of the time that is left; then their sites are tried in the order of
 * case_order.h; then they look more closely at what they have found; and then comes the next batch. */
#ifndef NOMEM_SUITE_TURNS_H
#define NOMEM_SUITE_TURNS_H

#include "suite_exploration.h"

/* Decides in which order cases are started. */
void nomem__suite_turns_open(struct nomem__suite_exploration *exploration);

/* Whether a case that has not been started may be now. */
bool nomem__suite_turns_may_start(const struct nomem__suite_exploration *exploration, size_t number);

/* Gives cases their turns, as long as there is room. To be called whenever something has changed. */
void nomem__suite_turns_take(struct nomem__suite_exploration *exploration);

#endif
