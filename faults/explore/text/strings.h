/* SPDX-License-Identifier: MIT */
/* Strings that many share, kept once each: paths of modules, names, reasons. */
#ifndef NOMEM_STRINGS_H
#define NOMEM_STRINGS_H

#include <stddef.h>

/* All zero is none. */
struct nomem__strings {
  char **list;
  size_t count, room;
};

/* Returns the string that equals text, which lives until they are freed. */
const char *nomem__strings_add(struct nomem__strings *strings, const char *text);

void nomem__strings_free(struct nomem__strings *strings);

#endif
