/* SPDX-License-Identifier: MIT */
/* Help and the manual page's list of options, printed from the tables of options_table.h. */
#ifndef NOMEM_OPTIONS_HELP_H
#define NOMEM_OPTIONS_HELP_H

#include <stdio.h>

/* Prints the usage line. */
void nomem__print_usage(FILE *out);

/* Prints the whole help of a command, whose bit scope is, or of nomem. */
void nomem__print_help(FILE *out, unsigned scope);

/* Prints the options for man(7). */
void nomem__print_manual(FILE *out);

#endif
