/* SPDX-License-Identifier: MIT */
/* How the run that a finding shows is written in the store: enough to show it again as it was, on the same files. */
#ifndef NOMEM_EVIDENCE_H
#define NOMEM_EVIDENCE_H

#include <jansson.h>

#include "../judge/finding.h"
#include "../text/strings.h"

/* The caller's text of what the finding shows, a line of JSON; NULL: out of memory, or a path is no UTF-8. */
char *nomem__evidence_write(const struct nomem__finding *finding);

/* Reads it into a finding that has nothing of it yet. Its fault owns its paths, its blow-up has them from strings.
 * Returns 0, -EINVAL when it is no such text, or -ENOMEM. */
int nomem__evidence_read(const char *text, struct nomem__finding *finding, struct nomem__strings *strings);

/* A stack of a document (report_document.h) as text, a frame a line; "" for NULL. The caller's; NULL: out of memory. */
char *nomem__evidence_stack(const json_t *trace);

#endif
