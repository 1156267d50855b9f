/* SPDX-License-Identifier: MIT */
/* What a stopped thread of test code is about to compare. */
#ifndef NOMEM_LOOK_WATCH_H
#define NOMEM_LOOK_WATCH_H

#include <sys/types.h>

#include "../code/instruction.h"
#include "../stack/stack_trace.h"
#include "../stack/symbols.h"
#include "look_verdict.h"

/* Whether an instruction of a module compares values: by itself, or by a call of a test framework's
 * function that finds whether two are equal. */
bool nomem__look_is_one(struct nomem__symbols *symbols, const char *path, const struct nomem__instruction *instruction);

/* Notes it; the thread is stopped before it. bias: where the module lies. path is borrowed. */
struct nomem__look nomem__look_note(pid_t tid, const char *path, uint64_t bias,
                                    const struct nomem__instruction *instruction);

/* Whether a function returns one of the values of an enumeration. */
bool nomem__is_enumerated(struct nomem__symbols *symbols, const struct nomem__trace_frame *function);

/* Whether the statement at a place in a module says that it is about a status, or an error's constant. Also true where
 * the source is not there. */
bool nomem__is_about_status(struct nomem__symbols *symbols, const struct nomem__trace_frame *place);

/* As nomem__look_is_status; user: the struct nomem__symbols. Also true where the source is not there. */
bool nomem__look_names_status(void *user, const struct nomem__look *look);

#endif
