/* SPDX-License-Identifier: MIT */
/* What a finding is called: the same name from run to run and after a change elsewhere in the sources. */
#ifndef NOMEM_FINDING_ID_H
#define NOMEM_FINDING_ID_H

#include "../text/json_values.h"

/* Puts "group" and "id" into a finding of the report, whose verdict and stacks are there already. Findings that have
 * their group in common are numbered; before is an array of the findings that come first. */
void nomem__put_finding_id(struct nomem__json *json, json_t *finding, const json_t *before);

#endif
