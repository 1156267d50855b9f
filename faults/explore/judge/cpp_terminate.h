/* SPDX-License-Identifier: MIT */
/* A C++ exception that nobody caught ends the process in the run-time, on top of the stack that threw it. */
#ifndef NOMEM_CPP_TERMINATE_H
#define NOMEM_CPP_TERMINATE_H

#include <stdbool.h>

#include "../stack/stack_trace.h"
#include "../stack/symbols.h"

/* Where that is how an abort came about, says so in the trace, and marks the frames that are not to blame: nobody at
 * all caught it, so it is the outermost function, main() or a thread's; or a function that promises not to throw let
 * none through, and then it is who threw, as for any abort. (Which function promised that, the stack does not say of
 * code that gcc made.) */
void nomem__cpp_terminate_mark(struct nomem__trace *trace, struct nomem__symbols *symbols);

#endif
