/* SPDX-License-Identifier: MIT */
/* Why what was written to a stream did not arrive. */
#ifndef NOMEM_WRITE_ERROR_H
#define NOMEM_WRITE_ERROR_H

#include <stdio.h>

/* Writes out what is left in the stream's buffer. Returns 0 when all that was ever written to it has arrived, or a
 * negative error code. */
int nomem__flush(FILE *out);

#endif
