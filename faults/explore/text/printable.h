/* SPDX-License-Identifier: MIT */
/* Text from programs and files that somebody else made, printed so that it can do no harm to a terminal or a reader. */
#ifndef NOMEM_PRINTABLE_H
#define NOMEM_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writes text with everything that could drive a terminal or reorder a line (control characters, Unicode's direction
 * marks and line separators, bytes that are not UTF-8) as \xNN. */
void nomem__print_safe(FILE *out, const char *text);

/* Whether nomem__print_safe writes the text as it is. */
bool nomem__is_printable(const char *text);

/* How many bytes the character has that text begins with; 0: nomem__print_safe writes its first byte as \xNN. */
size_t nomem__printable_bytes(const char *text);

bool nomem__is_utf8(const char *text);

/* What an English noun ends with when there are so many. */
const char *nomem__plural(uint64_t count);

#endif
