/* SPDX-License-Identifier: MIT */
/* The findings in a store, as they were when their campaign was last explored. */
#ifndef NOMEM_STORED_FINDINGS_H
#define NOMEM_STORED_FINDINGS_H

#include "database.h"

/* A finding; it owns its texts. */
struct nomem__stored_finding {
  int64_t campaign;
  uint64_t number; /* in the report of its campaign, from 1 */
  char *id;        /* the same after a rebuild */
  char *message, *plan;
  char *command; /* the words of the program's command line, each with its NUL */
  size_t command_bytes;
  char *command_text;
  char *excluded; /* the suppression; "": none */
  bool is_flaky, needs_timeout, needs_block_table;
  uint64_t guarded_from; /* blocks are to be guarded from this allocation on; 0: none is */
};

/* All zero is none. */
struct nomem__stored_findings {
  struct nomem__stored_finding *list; /* by campaign, the one that was used last first */
  size_t count, room;
  size_t campaigns;   /* how many campaigns they are of: for each command, the last one */
  bool is_unfinished; /* some points of one of these were not tried */
};

/* Reads the findings of the last campaign of each command. Returns 0, or a negative error code after one line on
 * standard error. */
int nomem__stored_findings_read(struct nomem__stored_findings *findings, struct nomem__store *store);

/* Does so for the store at path, which must exist. */
int nomem__stored_findings_open(struct nomem__stored_findings *findings, const char *path);

void nomem__stored_findings_free(struct nomem__stored_findings *findings);

/* Returns the finding with that id and command; NULL: there is none. */
const struct nomem__stored_finding *nomem__stored_findings_find(const struct nomem__stored_findings *findings,
                                                                const char *id, const char *command,
                                                                size_t command_bytes);

#endif
