/* SPDX-License-Identifier: MIT */
/* A library with three planted bugs, each in one function; all other functions are right. MENDED: none is there. */
#ifndef SHELF_H
#define SHELF_H

#include <stddef.h>

struct shelf {
  char *label;
  int *items;
  size_t count;
};

struct shelf *shelf_new(void);
void shelf_free(struct shelf *shelf);

/* Each returns 0, or -1 for want of memory. */
int shelf_set_label(struct shelf *shelf, const char *label); /* the copy is not checked */
int shelf_add(struct shelf *shelf, int item);                /* the longer array is not checked */
char *shelf_describe(const struct shelf *shelf);             /* NULL: no memory; what it had is lost then */
int shelf_clear(struct shelf *shelf);

#endif
