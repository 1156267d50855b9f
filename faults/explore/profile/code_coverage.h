/* SPDX-License-Identifier: MIT */
/* What runs with a fault reach of the code under test that runs without one do not, and which checks of an allocation
 * no run has entered: the report's member "code_coverage". */
#ifndef NOMEM_CODE_COVERAGE_H
#define NOMEM_CODE_COVERAGE_H

#include <jansson.h>

#include "../options/options.h"

/* Completes the member of the document, which has the runs and the modules by now, from the folder of --coverage, once
 * all runs are made. Without the option, nothing happens. Returns 0; or a negative error code after one line on
 * standard error, and then the document has no such member. */
int nomem__code_coverage_put(json_t *document, const struct nomem__options *options);

#endif
