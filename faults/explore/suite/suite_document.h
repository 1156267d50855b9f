/* SPDX-License-Identifier: MIT */
/* The report of a suite, as one value: that of one program (report/document.h), with "cases", and in each finding the
 * names of the cases that show it. Every report is made from it. */
#ifndef NOMEM_SUITE_DOCUMENT_H
#define NOMEM_SUITE_DOCUMENT_H

#include <jansson.h>

#include "suite.h"

/* Builds the document of a suite that is over. The caller's; NULL: a text could not be written. */
json_t *nomem__suite_document_make(const struct nomem__suite *suite);

#endif
