/* SPDX-License-Identifier: MIT */
/* The part of the JSON report that says what was covered: the sites, their frames and the counts. */
#ifndef NOMEM_DOCUMENT_SITES_H
#define NOMEM_DOCUMENT_SITES_H

#include "frames.h"

/* Puts "frames" and "sites" into the document. */
void nomem__put_sites(struct nomem__document_builder *builder, json_t *document);

/* Puts "baseline", "coverage" and "warnings" into it. */
void nomem__put_coverage(struct nomem__document_builder *builder, json_t *document);

#endif
