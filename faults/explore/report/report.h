/* SPDX-License-Identifier: MIT */
/* What a campaign found: as text for people, and as reports for machines, which are made from the document of
 * document.h. */
#ifndef NOMEM_REPORT_H
#define NOMEM_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "../options/options.h"

/* Prints the text for a terminal: the findings, the worst first, each with its stacks and the line that reproduces it;
 * then what was covered. is_quiet: nothing but the findings that count. Coloured as terminal.h says. */
void nomem__report_text(const json_t *document, bool is_quiet, bool is_verbose, FILE *out);

/* Each writes a document to out in its format. Returns 0, or a negative error code with an unfinished report. Whether
 * out took all of it is left to ferror(out). */
int nomem__report_json(const json_t *document, FILE *out);
int nomem__report_junit(const json_t *document, FILE *out); /* XML */
int nomem__report_sarif(const json_t *document, FILE *out); /* 2.1.0 */
int nomem__report_tap(const json_t *document, FILE *out);   /* version 13 */
int nomem__report_html(const json_t *document, FILE *out);  /* one page that needs nothing else */

int nomem__report_markdown(const json_t *document, FILE *out);     /* a comment on a pull request */
int nomem__report_suppressions(const json_t *document, FILE *out); /* a rule for each finding (docs/suppressions.md) */

/* Checks whether the files of the reports that were asked for can be made, and leaves none behind. Returns 0, or a
 * negative error code after one line on standard error. */
int nomem__reports_check(const struct nomem__options *options);

/* Writes the one line that there is to be said of a program that was not explored to the file of the text, if it has
 * one. Returns 0, or a negative error code after one line on standard error. */
int nomem__report_note(const struct nomem__options *options, const char *line);

/* Whether any report but the text was asked for. */
bool nomem__reports_are_wanted(const struct nomem__options *options);

/* Whether one of them, and not the text, is written to standard output. */
bool nomem__reports_have_standard_output(const struct nomem__options *options);

/* Prints a document's text, as nomem__report_text does that of a program. */
typedef void nomem__text_func(const json_t *document, bool is_quiet, bool is_verbose, FILE *out);

/* Writes all reports of a document: the text (to standard error when another one, or the program, has standard output),
 * then those that were asked for. A file is there as a whole or not at all. Returns 0, or a negative error code after
 * one line on standard error. */
int nomem__reports_write(const struct nomem__options *options, const json_t *document, nomem__text_func *print_text);

#endif
