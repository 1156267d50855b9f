/* SPDX-License-Identifier: MIT */
/* The library of docs/tutorial.md. */
#ifndef STORE_H
#define STORE_H

#include <stddef.h>

struct store {
  char *name;
  size_t length;
};

/* Returns NULL when there is no memory. The name is copied. */
struct store *store_open(const char *name);
void store_close(struct store *store);

#endif
