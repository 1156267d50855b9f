/* SPDX-License-Identifier: MIT */
/* The folder of --coverage: made before the first run, read after the last one. */
#ifndef NOMEM_COVERAGE_FOLDER_H
#define NOMEM_COVERAGE_FOLDER_H

#include "../options/options.h"
#include "../run/coverage_data.h"
#include "../text/strings.h"

/* Makes the folder, which must be empty or an earlier one's, and has all programs that the command starts from now on
 * leave their data there. The option then names it with its absolute path, which is the caller's; the options are
 * settled for it. Without the option, nothing happens. Returns 0; or a negative error code after one line on standard
 * error. */
int nomem__coverage_folder_open(struct nomem__options *options);

/* The data of some runs. All zero: none. */
struct nomem__coverage_files {
  struct nomem__strings gcc, clang; /* absolute paths */
};

void nomem__coverage_files_list(const char *folder, enum nomem__coverage_phase phase,
                                struct nomem__coverage_files *files);
void nomem__coverage_files_free(struct nomem__coverage_files *files);

/* Whether runs without a fault have left data, and what reads it is there. must_be_there: some was to be left by now.
 * Without the option there is nothing to check. Returns 0; or a negative error code after one line on standard error.
 */
int nomem__coverage_folder_check(const struct nomem__options *options, bool must_be_there);

#endif
