/* SPDX-License-Identifier: MIT */
/* A stack as the JSON report has it: an object with "stack", the frames from the innermost outwards, and "culprit", the
 * index of the frame that is to blame (docs/reports.md). */
#ifndef NOMEM_JSON_STACK_H
#define NOMEM_JSON_STACK_H

#include <jansson.h>
#include <stdio.h>

/* Returns the frame that is to blame, which belongs to trace; NULL: there is none. trace may be NULL. */
const json_t *nomem__json_stack_culprit(const json_t *trace);

/* Prints a stack, a frame a line, each after indent blanks. */
void nomem__json_stack_print(FILE *out, const json_t *trace, int indent);

#endif
