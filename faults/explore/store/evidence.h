/* SPDX-License-Identifier: MIT */
/* How the run that a finding shows is written in the store: enough to show it again as it was, on the same files. */
#ifndef NOMEM_EVIDENCE_H
#define NOMEM_EVIDENCE_H

#include <jansson.h>

#include "../judge/finding.h"

/* Strings that many share, each once; all zero is none. */
struct nomem__strings {
  char **list;
  size_t count, room;
};

/* The one that equals text, which lives until they are freed; NULL: out of memory. */
const char *nomem__strings_add(struct nomem__strings *strings, const char *text);
void nomem__strings_free(struct nomem__strings *strings);

/* The caller's text of what the finding shows, a line of JSON; NULL: out of memory, or a path is no UTF-8. */
char *nomem__evidence_write(const struct nomem__finding *finding);

/* Reads it into a finding that has nothing of it yet. Its fault owns its paths, its blow-up has them from strings.
 * Returns 0, -EINVAL when it is no such text, or -ENOMEM. */
int nomem__evidence_read(const char *text, struct nomem__finding *finding, struct nomem__strings *strings);

/* A stack of a document (report_document.h) as text, a frame a line; "" for NULL. The caller's; NULL: out of memory. */
char *nomem__evidence_stack(const json_t *trace);

#endif
