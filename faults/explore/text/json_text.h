/* SPDX-License-Identifier: MIT */
/* JSON as text in a file. jansson's own functions for descriptors make a system call for each byte or word. */
#ifndef NOMEM_JSON_TEXT_H
#define NOMEM_JSON_TEXT_H

#include <jansson.h>
#include <stddef.h>

/* Writes a document, without any blanks, where the descriptor is. Returns 0, or a negative error code with an
 * unfinished text. */
int nomem__json_write(const json_t *document, int fd);

/* Returns the caller's document that a file which can be mapped consists of; NULL: it cannot be read, or is none. */
json_t *nomem__json_read(int fd);

#endif
