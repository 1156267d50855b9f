/* SPDX-License-Identifier: MIT */
/* What --coverage found out, as text for people. */
#ifndef NOMEM_COVERAGE_TEXT_H
#define NOMEM_COVERAGE_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Prints it; nothing where the document has nothing of it. is_verbose: all checks that were not entered, not the first
 * ones only. */
void nomem__coverage_text_print(const json_t *document, bool is_verbose, FILE *out);

#endif
