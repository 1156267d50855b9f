/* SPDX-License-Identifier: MIT */
/* What completes the command line in a shell, printed from the tables of options_table.h. */
#ifndef NOMEM_COMPLETION_H
#define NOMEM_COMPLETION_H

#include <stdio.h>

/* The shells, joined by blanks. */
#define NOMEM_COMPLETION_SHELLS "bash zsh fish"

/* Prints the script for a shell. Returns 0, or -EINVAL when it is none of these, and then prints nothing. */
int nomem__print_completion(FILE *out, const char *shell);

#endif
