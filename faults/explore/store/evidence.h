/* SPDX-License-Identifier: MIT */
/* How the run that a finding shows is written in the store: enough to show it again as it was, on the same files. */
#ifndef NOMEM_EVIDENCE_H
#define NOMEM_EVIDENCE_H

#include <jansson.h>

#include "../judge/finding.h"
#include "../text/strings.h"

/* Writes what the finding shows as a line of JSON. The caller's; NULL: a text in it is no UTF-8. */
char *nomem__evidence_write(const struct nomem__finding *finding);

/* Reads such a line into a finding that has nothing of it yet. The finding owns the paths of the call that failed, of
 * the second one and of the one that was not checked; all other paths belong to strings. Returns 0; or -EINVAL when
 * it is no such line, and then the finding owns nothing. */
int nomem__evidence_read(const char *text, struct nomem__finding *finding, struct nomem__strings *strings);

/* Prints a stack of the JSON report as text, a frame a line; "" for NULL. The caller's. */
char *nomem__evidence_print_stack(const json_t *trace);

#endif
