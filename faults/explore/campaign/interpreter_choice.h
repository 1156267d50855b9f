/* SPDX-License-Identifier: MIT */
/* Which interpreter is injected, though it only runs a script, and which of its calls then fail. */
#ifndef NOMEM_INTERPRETER_CHOICE_H
#define NOMEM_INTERPRETER_CHOICE_H

#include "campaign.h"

/* Whether the user has not said which programs are to be injected, and an interpreter that is installed ran, but no
 * program of the project's. */
bool nomem__interpreter_may_be_chosen(const struct nomem__campaign *campaign);

/* Learns from the first run, whose programs are known, which modules its interpreter has loaded. */
void nomem__interpreter_learn(struct nomem__campaign *campaign, const struct nomem_channel *channel);

/* Whether there is something to fail in the interpreter that was chosen. One line says what. */
bool nomem__interpreter_is_of_use(const struct nomem__campaign *campaign);

/* Says that it has loaded nothing that may be under test, and what to do. */
void nomem__interpreter_complain(const struct nomem__campaign *campaign);

/* Whether the schedule has points from which on all calls fail. Unless somebody asks for it, an interpreter with a
 * module under test is spared that: it would not even get the memory for the exception by which a module reports the
 * failure.
 */
bool nomem__interpreter_takes_persistent(const struct nomem__campaign *campaign);

#endif
