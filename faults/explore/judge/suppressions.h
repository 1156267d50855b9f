/* SPDX-License-Identifier: MIT */
/* Suppressions: rules in files that say which findings do not count, and why (docs/suppressions.md). */
#ifndef NOMEM_SUPPRESSIONS_H
#define NOMEM_SUPPRESSIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* One rule; every condition that is not NULL must hold. Strings belong to the suppressions. */
struct nomem__suppression {
  const char *verdict; /* a name, or "*" */
  const char *function, *module, *file, *site;
  const char *reason;
  const char *path; /* of the file it stands in, as it was named, and its line */
  size_t line;
  bool is_default; /* came with nomem */
  bool is_used;
};

/* All zero: there are none. */
struct nomem__suppressions {
  struct nomem__suppression *rules;
  size_t count, room;
  char **texts; /* of the files */
  size_t text_count;
};

/* Adds the rules of a file. path outlives them. Returns 0, or a negative error code after a line for each mistake on
 * err, "nomem: FILE:LINE: what is wrong and how to mend it". */
int nomem__suppressions_read(struct nomem__suppressions *suppressions, const char *path, bool is_default, FILE *err);

/* Adds the rules that came with nomem, if their file is found from where the command lies, in a build or installed.
 * Returns as above. */
int nomem__suppressions_read_default(struct nomem__suppressions *suppressions, FILE *err);

void nomem__suppressions_free(struct nomem__suppressions *suppressions);

/* Returns the first rule that matches a finding of a document (report/document.h), and marks it as used. NULL: none
 * matches. */
const struct nomem__suppression *nomem__suppressions_match(struct nomem__suppressions *suppressions,
                                                           const json_t *finding);

#endif
