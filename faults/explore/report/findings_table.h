/* SPDX-License-Identifier: MIT */
/* The findings of a document that count, at a glance: a line for each verdict and place. */
#ifndef NOMEM_FINDINGS_TABLE_H
#define NOMEM_FINDINGS_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Prints the table and a blank line, of two findings and more: a single one has just been read. is_below_lines: other
 * lines than the findings' stand above, from which a blank line sets it apart. */
void nomem__findings_table_print(const json_t *document, bool is_below_lines, FILE *out);

#endif
