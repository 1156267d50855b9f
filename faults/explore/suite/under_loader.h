/* SPDX-License-Identifier: MIT */
/* A test that is started by naming it to the dynamic loader, as in "/lib64/ld-linux-x86-64.so.2 ./test". What the
 * kernel executes is the loader, which loads the test into its own process. */
#ifndef NOMEM_UNDER_LOADER_H
#define NOMEM_UNDER_LOADER_H

#include <stdbool.h>

struct nomem__recorded_image;

/* Whether the file is the system's dynamic loader. */
bool nomem__is_loader(const char *path);

/* Makes the image of the loader, all of which is known, that of the test: its path and words, and the variables that do
 * the same as the loader's options. Where it runs no program of the project's, the image is left as it is. Reads a
 * file.
 */
void nomem__take_from_loader(struct nomem__recorded_image *image);

#endif
