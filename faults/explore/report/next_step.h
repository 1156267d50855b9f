/* SPDX-License-Identifier: MIT */
/* The one line that a reader of a report needs when he has read it: what to do now. */
#ifndef NOMEM_NEXT_STEP_H
#define NOMEM_NEXT_STEP_H

#include <jansson.h>
#include <stdbool.h>

#include "../text/json_values.h"

/* Puts it into a document that is whole otherwise, as "next"; nothing where there is nothing to be done. has_store:
 * what was tried is kept. */
void nomem__document_put_next(struct nomem__json *json, json_t *document, bool has_store);

#endif
