/* SPDX-License-Identifier: MIT */
/* The coverage data of clang, as llvm-profdata and llvm-cov read it. */
#ifndef NOMEM_LLVM_DATA_H
#define NOMEM_LLVM_DATA_H

#include "../text/strings.h"
#include "line_counts.h"

/* The names of both: NOMEM_LLVM_PROFDATA and NOMEM_LLVM_COV, where others than those of PATH go with the compiler. */
const char *nomem__llvm_profdata_name(void);
const char *nomem__llvm_cov_name(void);

/* Merges these files to one, FOLDER.profdata, and adds what llvm-cov says of each program or library, of which those
 * that were not compiled for it are passed over. Returns 0; or a negative error code after one line on standard error.
 */
int nomem__llvm_data_read(const char *folder, const struct nomem__strings *files, const struct nomem__strings *modules,
                          enum nomem__coverage_phase phase, struct nomem__line_counts *counts);

#endif
