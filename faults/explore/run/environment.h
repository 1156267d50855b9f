/* SPDX-License-Identifier: MIT */
/* The environment of a program under test: that of the command, with the injector as the first preloaded library. */
#ifndef NOMEM_ENVIRONMENT_H
#define NOMEM_ENVIRONMENT_H

#include <stddef.h>

#include "coverage_data.h"
#include "sanitizer_report.h"

struct nomem__run_setup;

/* All zero: none. */
struct nomem__environment {
  char **plain;         /* of a program that is started for each run */
  char **checked;       /* the same, when its sanitizers look for leaks */
  char **forked;        /* of a program that is forked for its runs */
  char *tunables_entry; /* in forked; NULL: nomem sets none */
  char *preload_entry;  /* NULL: nothing is preloaded */
  char channel_entry[64];
  /* With --coverage: of each phase, and where those of the run stand in plain and checked. */
  char *coverage_entries[NOMEM_COVERAGE_PHASES][NOMEM_COVERAGE_VARIABLES];
  size_t coverage_at;
  char *sanitizer_entries[NOMEM_SANITIZER_OPTIONS], *checked_entries[NOMEM_SANITIZER_OPTIONS];
};

/* channel: the path of its memory file, for the program. */
void nomem__environment_make(struct nomem__environment *environment, const struct nomem__run_setup *setup,
                             const char *channel);

/* As nomem__worker_use_huge_pages. */
void nomem__environment_use_huge_pages(struct nomem__environment *environment);

/* What measures its own coverage leaves the data where those of such runs belong. Only of programs that are started for
 * each run, and with --coverage. */
void nomem__environment_choose_coverage(struct nomem__environment *environment, enum nomem__coverage_phase phase);

void nomem__environment_free(struct nomem__environment *environment);

/* Finds the preload library of this command, in the place where it is built or installed. Returns 0, -ENOENT, or
 * -EINVAL when LD_PRELOAD cannot take its path, because there is white space or a colon in it. */
int nomem__preload_find(char *path, size_t path_bytes);

#endif
