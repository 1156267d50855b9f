/* SPDX-License-Identifier: MIT */
/* What one case has had to read of the debug information of shared libraries, the processes of later cases are to find
 * in their memory: so the command reads it, too. */
#ifndef NOMEM_SHARED_SYMBOLS_H
#define NOMEM_SHARED_SYMBOLS_H

#include <jansson.h>

#include "../campaign/campaign.h"

/* In a case's process: adds the frames of shared libraries that its sites have to the document. */
void nomem__shared_symbols_put(json_t *document, const struct nomem__campaign *campaign);

/* In the command: looks these frames up, and drops from the document (NULL: none) what nobody else needs. */
void nomem__shared_symbols_learn(struct nomem__symbols *symbols, json_t *document);

#endif
