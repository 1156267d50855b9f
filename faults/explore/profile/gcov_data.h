/* SPDX-License-Identifier: MIT */
/* The coverage data of gcc, as gcov reads it. */
#ifndef NOMEM_GCOV_DATA_H
#define NOMEM_GCOV_DATA_H

#include "../text/strings.h"
#include "line_counts.h"

/* The name of gcov: NOMEM_GCOV, where another one than that of PATH goes with the compiler. */
const char *nomem__gcov_name(void);

/* Adds what gcov says of these files, in a folder below which each lies at its absolute path. Puts links to the notes
 * that the compiler has left beside them, so that other tools find them, too. Returns 0; or a negative error code after
 * one line on standard error. *unread: so many files could not be read. */
int nomem__gcov_data_read(const char *folder, const struct nomem__strings *files, enum nomem__coverage_phase phase,
                          struct nomem__line_counts *counts, size_t *unread);

/* How many files gcc's run-time has complained of in the folder of --coverage. To such a file no run could add its data
 * any more, because one was killed while it wrote it; or its data was thrown away, because it was of another build. */
size_t nomem__gcov_data_count_damaged(const char *folder);

#endif
