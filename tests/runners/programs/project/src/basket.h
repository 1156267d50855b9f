/* SPDX-License-Identifier: MIT */
/* A basket of items and their prices. What returns an int returns 0, or -1 for want of memory; what returns a pointer,
 * NULL. */
#ifndef BASKET_H
#define BASKET_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct basket {
  char *label;
  int *items, *prices;
  size_t count;
};

struct basket *basket_new(void);
void basket_free(struct basket *basket);
int basket_put(struct basket *basket, int item, int price);
int basket_total(const struct basket *basket);

/* These have the planted bugs. */
int basket_set_label(struct basket *basket, const char *label);
char *basket_describe(const struct basket *basket); /* the caller's */
struct basket *basket_copy(const struct basket *basket);

#ifdef __cplusplus
}
#endif

#endif
