/* SPDX-License-Identifier: MIT */
/* Where programs that measure their own coverage leave the data: gcc's (--coverage) and clang's
 * (-fprofile-instr-generate) look into their environment for that. Runs without a fault have one folder, all others
 * have another one. The run-time of either adds to the data that is there already, so all runs are merged as they end.
 */
#ifndef NOMEM_COVERAGE_DATA_H
#define NOMEM_COVERAGE_DATA_H

#include <stdbool.h>

/* Of which runs. */
enum nomem__coverage_phase { NOMEM_COVERAGE_BASELINE, NOMEM_COVERAGE_FAILURES, NOMEM_COVERAGE_PHASES };

/* The folder of each, within that of --coverage. */
extern const char *const nomem__coverage_folders[NOMEM_COVERAGE_PHASES];

/* In it, too: what gcc's run-time complains of, a line each. */
#define NOMEM_COVERAGE_ERRORS "gcov-errors"

/* How many variables there are. */
#define NOMEM_COVERAGE_VARIABLES 2

/* Writes the entries of the environment, each the caller's. folder: of --coverage, absolute. */
void nomem__coverage_entries_make(const char *folder, enum nomem__coverage_phase phase,
                                  char *entries[NOMEM_COVERAGE_VARIABLES]);

/* Whether an entry of an environment is one of these. */
bool nomem__coverage_is_entry(const char *entry);

/* Sets the variables of the calling process for runs without a fault. What gcc's run-time has to complain of goes to a
 * file in the folder, because it would stand in the programs' output. */
void nomem__coverage_set_own(const char *folder);

/* Unsets them. */
void nomem__coverage_unset_own(void);

#endif
