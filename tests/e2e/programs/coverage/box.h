/* SPDX-License-Identifier: MIT */
/* A small library with error paths of every kind: those that only a failed allocation reaches are marked with "only",
 * and checks that nothing enters with "never". */
#ifndef BOX_H
#define BOX_H

#include <stddef.h>

struct box;

/* Returns NULL where there is no memory. */
struct box *box_new(const char *label);
int box_fill(struct box *box, size_t bytes);
int box_copy(struct box *box);
int box_spare(struct box *box);
void box_free(struct box *box);

#endif
