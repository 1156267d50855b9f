/* SPDX-License-Identifier: MIT */
/* Names of reports that are to differ from process to process: %p stands for the number of the command's process, %n
 * for the name of the program under test, %q{NAME} for the value of an environment variable, and %% for a per cent
 * sign. */
#ifndef NOMEM_FILE_NAME_H
#define NOMEM_FILE_NAME_H

/* What is wrong with such a name, and how to correct it; NULL: nothing. */
const char *nomem__file_name_find_mistake(const char *pattern);

/* The name that a pattern without a mistake stands for, for a program of this path. The caller's. */
char *nomem__file_name_make(const char *pattern, const char *program);

#endif
