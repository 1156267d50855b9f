/* SPDX-License-Identifier: MIT */
/* The report of a suite for people. */
#ifndef NOMEM_SUITE_TEXT_H
#define NOMEM_SUITE_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Prints the findings of a suite's document, the worst first, each with its stacks and the line that reproduces it;
 * then what was explored, and what was not. is_quiet: nothing but the findings. */
void nomem__suite_text_print(const json_t *document, bool is_quiet, bool is_verbose, FILE *out);

/* Prints the cases of such a document, and what is left out with the reason. */
void nomem__suite_text_list(const json_t *document, FILE *out);

#endif
