/* SPDX-License-Identifier: MIT */
/* A test that its runner starts under valgrind, as many do where that is installed. What the kernel executes is one of
 * valgrind's tools, which then loads the test into its own process. */
#ifndef NOMEM_UNDER_VALGRIND_H
#define NOMEM_UNDER_VALGRIND_H

#include <stdbool.h>

struct nomem__recorded_image;

/* Whether the file is one of valgrind's tools, which runs the program that its arguments name. */
bool nomem__is_valgrinds_tool(const char *path);

/* The file of the project's program that a word of the image names: the caller's path. NULL: it names none. */
char *nomem__find_started_program(const struct nomem__recorded_image *image, const char *word);

/* Makes the image of such a tool, all of which is known, that of the test: its path and words, and the environment
 * without what valgrind's launcher has set. Where it runs no program of the project's, the image is left as it is: a
 * script, say, whose interpreter is what valgrind looks at. Reads a file. */
void nomem__take_from_valgrind(struct nomem__recorded_image *image);

#endif
