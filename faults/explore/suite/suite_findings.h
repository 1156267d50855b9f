/* SPDX-License-Identifier: MIT */
/* The findings of all cases as one list: one for each cause. Pure: it makes JSON of JSON. */
#ifndef NOMEM_SUITE_FINDINGS_H
#define NOMEM_SUITE_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one case has found. Strings and documents are the caller's. */
struct nomem__case_findings {
  const char *name;
  const json_t *document; /* of its report; NULL: it was not explored */
  uint64_t wall_us;       /* of a run of its */
  bool is_in_place;       /* it can be run only where the runner starts it */
};

/* Returns the findings by cause, the worst first. Each is that of the case that reproduces it in the shortest time,
 * of those that can be run alone if there are any ("needs" says otherwise), with "runs" of all cases and "cases", the
 * names of those that show it; its "id" is the same whichever case that is. *excluded: those that count in no case.
 * Both are the caller's. */
json_t *nomem__suite_findings_join(const struct nomem__case_findings *cases, size_t count, json_t **excluded);

#endif
