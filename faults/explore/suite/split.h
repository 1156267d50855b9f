/* SPDX-License-Identifier: MIT */
/* Makes each test of a program that holds many of them a case of its own. */
#ifndef NOMEM_SPLIT_H
#define NOMEM_SPLIT_H

#include "recording.h"

/* Lists the tests of a case's program: it is run once for that, in the case's folder and environment. Returns an image
 * for each, which is the case's but for what chooses the test; they are the caller's, and *count is how many there are.
 * NULL: it has no more than one, or cannot list them. */
struct nomem__recorded_image **nomem__split(const struct nomem__recorded_image *image, size_t *count);

/* Frees an image of these. */
void nomem__split_free(struct nomem__recorded_image *image);

#endif
