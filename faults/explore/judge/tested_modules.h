/* SPDX-License-Identifier: MIT */
/* The modules that are under test where an interpreter runs the test: shared objects that it has loaded from elsewhere
 * than the system's folders. */
#ifndef NOMEM_TESTED_MODULES_H
#define NOMEM_TESTED_MODULES_H

#include <stdbool.h>
#include <stddef.h>

#include "../../channel.h"
#include "../stack/stack_trace.h"

/* All zero: no interpreter runs. */
struct nomem__tested_modules {
  char interpreter[NOMEM_PATH_BYTES];
  char (*paths)[NOMEM_PATH_BYTES]; /* owned */
  size_t count;
  bool are_limit; /* only calls that are made below them are to fail */
};

/* Learns from the modules in a run's stacks. globs: of --under-test, which choose modules by their names; NULL: those
 * that lie where nothing is installed, or else where modules are. Replaces what was learnt before. */
void nomem__tested_modules_learn(struct nomem__tested_modules *tested, const char *globs, const char *interpreter,
                                 const struct nomem_channel *channel);

void nomem__tested_modules_free(struct nomem__tested_modules *tested);

/* Which of the frames, from the innermost on, is in such a module. depth: none is. */
unsigned nomem__tested_frame(const struct nomem__tested_modules *tested, const struct nomem__trace *trace);

/* Whether a call may be failed: there is no limit, or it was made below such a module. Where the interpreter cannot do
 * without memory, it must not have been the interpreter that made it. */
bool nomem__is_tested_call(const struct nomem__tested_modules *tested, const struct nomem__trace *fault);

/* The same of a block that was leaked: where the interpreter frees its objects itself, it must not have been one. */
bool nomem__is_tested_block(const struct nomem__tested_modules *tested, const struct nomem__trace *allocation);

/* Marks as the culprit the function of such a module that the interpreter called and that led to the call. */
void nomem__blame_tested_module(const struct nomem__tested_modules *tested, struct nomem__trace *fault);

/* The same of where the interpreter aborted, if that was in a call of such a module's. */
void nomem__blame_caller_of_interpreter(const struct nomem__tested_modules *tested, struct nomem__trace *blow_up);

/* Names some of the modules, as many as fit. */
void nomem__tested_modules_name(const struct nomem__tested_modules *tested, char *text, size_t text_bytes);

#endif
