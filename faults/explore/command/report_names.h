/* SPDX-License-Identifier: MIT */
/* The names of the reports, once their parts that differ from process to process are filled in. */
#ifndef NOMEM_REPORT_NAMES_H
#define NOMEM_REPORT_NAMES_H

#include "../options/options.h"

/* The reports, the text and the folder for coverage data. */
#define NOMEM_REPORT_NAMES (NOMEM_REPORT_COUNT + 2)

struct nomem__report_names {
  char *list[NOMEM_REPORT_NAMES];
};

/* Has the options name the files themselves. What they name lives until the names are freed. */
void nomem__report_names_fill(struct nomem__report_names *names, struct nomem__options *options);

void nomem__report_names_free(struct nomem__report_names *names);

#endif
