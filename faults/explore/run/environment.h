/* SPDX-License-Identifier: MIT */
/* What a program under test finds in its environment: the command's own, with the injector first among the preloads. */
#ifndef NOMEM_ENVIRONMENT_H
#define NOMEM_ENVIRONMENT_H

#include <stddef.h>

#include "sanitizer_report.h"

struct nomem__run_setup;

/* All zero: none. */
struct nomem__environment {
  char **plain, **forked; /* of a program that is started for each run; of one that is forked */
  char **checked;         /* of one that is started, and whose sanitizer looks for leaks */
  char *tunables_entry;   /* of the latter; NULL: none of ours */
  char preload_entry[4096 + 16];
  char channel_entry[64];
  char *sanitizer_entries[NOMEM_SANITIZER_OPTIONS], *checked_entries[NOMEM_SANITIZER_OPTIONS];
};

/* channel: the path at which the program finds it. Returns 0 or -ENOMEM. */
int nomem__environment_make(struct nomem__environment *environment, const struct nomem__run_setup *setup,
                            const char *channel);

/* As nomem__worker_use_huge_pages. */
int nomem__environment_use_huge_pages(struct nomem__environment *environment);

void nomem__environment_free(struct nomem__environment *environment);

/* Finds the preload library beside the command, built or installed. Returns 0, -ENOENT, or -EINVAL when its path
 * cannot stand in LD_PRELOAD, which takes no white space and no colons. */
int nomem__preload_find(char *path, size_t path_bytes);

#endif
