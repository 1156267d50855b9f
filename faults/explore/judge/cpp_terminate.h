/* SPDX-License-Identifier: MIT */
/* A C++ exception that nobody caught ends the process in the run-time, on top of the stack that threw it; and Rust's
 * run-time does so when Rust's own code has no memory. */
#ifndef NOMEM_CPP_TERMINATE_H
#define NOMEM_CPP_TERMINATE_H

#include <stdbool.h>

#include "../stack/stack_trace.h"
#include "../stack/symbols.h"

/* If that is how an abort came about, notes it in the trace, and sets skipped_frames so that the culprit is the
 * function to blame. Where nobody caught the exception, that is the outermost function, main() or a thread's; where a
 * function that promises not to throw stopped it, the one that threw, as for any abort. (The stack of gcc's code does
 * not show which function made that promise.) Where a run-time had no memory for itself, nobody is. */
void nomem__cpp_terminate_mark(struct nomem__trace *trace, struct nomem__symbols *symbols);

#endif
