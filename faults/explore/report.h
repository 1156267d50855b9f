/* What a campaign found, for people. */
#ifndef NOMEM_REPORT_H
#define NOMEM_REPORT_H

#include <stdio.h>

#include "campaign.h"

/* Terminal text: the findings, the worst first, each with both stacks and the line that reproduces it; then what was
 * covered. Coloured on a terminal unless NO_COLOR is set. */
void nomem__report_text(const struct nomem__campaign *campaign, FILE *out);

/* "nomem run --fail 'PLAN' -- PROGRAM ARGS", quoted for a shell. timeout_ms 0: none. */
void nomem__print_reproduction(FILE *out, const struct nomem__options *options, const char *plan, uint64_t timeout_ms);

/* Whether to colour out: a terminal, and NO_COLOR not set. */
bool nomem__is_coloured(FILE *out);

#endif
