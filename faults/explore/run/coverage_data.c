/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "coverage_data.h"

#include <stdlib.h>
#include <string.h>

#include "../text/memory.h"

/* clang's run-time puts a number for %m that the program's or library's code has, and merges what has the same. */
static const struct {
  const char *name, *end;
} variables[NOMEM_COVERAGE_VARIABLES] = {{"GCOV_PREFIX", ""}, {"LLVM_PROFILE_FILE", "/%m.profraw"}};

const char *const nomem__coverage_folders[NOMEM_COVERAGE_PHASES] = {
    [NOMEM_COVERAGE_BASELINE] = "baseline", [NOMEM_COVERAGE_FAILURES] = "failures"};

void nomem__coverage_entries_make(const char *folder, enum nomem__coverage_phase phase,
                                  char *entries[NOMEM_COVERAGE_VARIABLES]) {
  for (unsigned i = 0; i < NOMEM_COVERAGE_VARIABLES; i++)
    entries[i] =
        nomem__format("%s=%s/%s%s", variables[i].name, folder, nomem__coverage_folders[phase], variables[i].end);
}

bool nomem__coverage_is_entry(const char *entry) {
  for (unsigned i = 0; i < NOMEM_COVERAGE_VARIABLES; i++) {
    size_t length = strlen(variables[i].name);
    if (strncmp(entry, variables[i].name, length) == 0 && entry[length] == '=') return true;
  }
  return false;
}

void nomem__coverage_set_own(const char *folder) {
  char *entries[NOMEM_COVERAGE_VARIABLES], *errors = nomem__format("%s/" NOMEM_COVERAGE_ERRORS, folder);
  nomem__coverage_entries_make(folder, NOMEM_COVERAGE_BASELINE, entries);
  for (unsigned i = 0; i < NOMEM_COVERAGE_VARIABLES; i++) {
    setenv(variables[i].name, entries[i] + strlen(variables[i].name) + 1, 1);
    free(entries[i]);
  }
  unsetenv("GCOV_PREFIX_STRIP"); /* the whole path is where the rest is found */
  setenv("GCOV_ERROR_FILE", errors, 1);
  free(errors);
}

void nomem__coverage_unset_own(void) {
  for (unsigned i = 0; i < NOMEM_COVERAGE_VARIABLES; i++) unsetenv(variables[i].name);
  unsetenv("GCOV_ERROR_FILE");
}
