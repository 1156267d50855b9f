/* SPDX-License-Identifier: MIT */
/* One finding of a document (document.h, and that of a suite) as text for people: the source first, then the stacks
 * that it does not show. */
#ifndef NOMEM_FINDING_TEXT_H
#define NOMEM_FINDING_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Prints it in full; every frame of every stack if it is to be verbose. */
void nomem__print_finding(const json_t *finding, bool is_verbose, FILE *out);

/* Prints how to see it again: the line that reproduces it, and, where there is a store, the one that debugs it. A line
 * that fills a screen, because a runner has set many variables, is left to the store, unless it is to be verbose. */
void nomem__print_ways_back(const json_t *finding, bool is_verbose, FILE *out);

/* Returns the line that debugs a finding with another command in the debugger's place, as "nomem replay"; the caller's.
 * NULL: there is no such line, because there is no store. */
char *nomem__finding_command(const json_t *finding, const char *command);

/* Prints so many names of a list, with commas between them, and how many more there are. */
void nomem__print_names(const json_t *names, FILE *out);

#endif
