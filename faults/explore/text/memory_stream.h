/* SPDX-License-Identifier: MIT */
/* Text that is printed into memory.
 *
 * It stands in for open_memstream, which loses text without a sign when memory is short: glibc sets no error flag on
 * the stream, and fclose succeeds with a NULL text or one that is cut. Here the command ends (memory.h). */
#ifndef NOMEM_MEMORY_STREAM_H
#define NOMEM_MEMORY_STREAM_H

#include <stddef.h>
#include <stdio.h>

#define NOMEM__MEMORY_STREAM_BUFFER 256

struct nomem__memory_stream {
  FILE *out;  /* print here */
  char *text; /* what was written so far; the rest belongs to the functions */
  size_t bytes, room;
  char buffer[NOMEM__MEMORY_STREAM_BUFFER];
};

/* Opens it and returns its stream. It must not be copied or moved while it is open. */
FILE *nomem__memory_stream_open(struct nomem__memory_stream *stream);

/* Closes it. Returns the caller's text, which ends with a NUL. */
char *nomem__memory_stream_close(struct nomem__memory_stream *stream);

#endif
