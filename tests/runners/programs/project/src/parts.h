/* SPDX-License-Identifier: MIT */
#ifndef PARTS_H
#define PARTS_H

#include "basket.h"

char *text_copy(const char *text);
char *text_of_items(const int *items, size_t count);
int items_copy(struct basket *to, const struct basket *from); /* to has none yet */

#endif
