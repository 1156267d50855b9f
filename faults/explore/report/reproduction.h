/* SPDX-License-Identifier: MIT */
/* What people need of a finding in one line: how to see it again, and how its run ended. */
#ifndef NOMEM_REPRODUCTION_H
#define NOMEM_REPRODUCTION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../judge/finding.h"
#include "../options/options.h"

/* Prints "cd FOLDER && ", if the options say that the folder must be changed. */
void nomem__print_change_of_folder(FILE *out, const struct nomem__options *options);

/* Prints "nomem run --fail 'PLAN' -- PROGRAM ARGS" and a line end, quoted for a shell; before it stand the folder and
 * the variables that the options say: "cd FOLDER && env NAME=value nomem run ...". timeout_ms 0: without a time limit.
 * leaks: with a report of what is leaked. guarded_from: with blocks guarded from this allocation on; 0: none. */
void nomem__print_reproduction(FILE *out, const struct nomem__options *options, const char *plan, uint64_t timeout_ms,
                               bool leaks, uint64_t guarded_from);

/* Prints how a finding's run ended, such as "SIGSEGV at NULL + 0x18". */
void nomem__print_end(FILE *out, const struct nomem__finding *finding);

#endif
