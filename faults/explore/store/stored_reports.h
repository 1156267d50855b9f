/* SPDX-License-Identifier: MIT */
/* Whole reports in a store: of each command that was explored, the last one. */
#ifndef NOMEM_STORED_REPORTS_H
#define NOMEM_STORED_REPORTS_H

#include <jansson.h>

#include "database.h"

/* Puts a report (its document, as docs/reports.md describes it) in the place of an earlier one of the same identity and
 * directory. Returns 0, or a negative error code after one line on standard error. */
int nomem__stored_report_write(struct nomem__store *store, const char *identity, const char *directory,
                               const char *command, const json_t *document);

/* What there is to say of a report without reading it; it owns its texts. */
struct nomem__stored_report {
  char *identity, *directory, *command;
};

/* All zero is none. */
struct nomem__stored_reports {
  struct nomem__stored_report *list; /* the one that was written last first */
  size_t count, room;
};

/* Lists the reports. Returns 0, or a negative error code after one line on standard error. */
int nomem__stored_reports_read(struct nomem__stored_reports *reports, struct nomem__store *store);

void nomem__stored_reports_free(struct nomem__stored_reports *reports);

/* Reads the document of one, as it was written but for what was merged into the store since: then the findings are all
 * that the store has of the command. Every text in it is fit for a terminal, whoever wrote the store. The caller's;
 * NULL, after one line on standard error: it is none. */
json_t *nomem__stored_report_load(struct nomem__store *store, const struct nomem__stored_report *report);

#endif
