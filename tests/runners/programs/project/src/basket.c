/* SPDX-License-Identifier: MIT */
#include "basket.h"

#include <stdlib.h>

#include "parts.h"

struct basket *basket_new(void) {
  return calloc(1, sizeof(struct basket));
}

void basket_free(struct basket *basket) {
  if (basket == NULL) return;
  free(basket->label);
  free(basket->items);
  free(basket->prices);
  free(basket);
}

int basket_put(struct basket *basket, int item, int price) {
  int *items = realloc(basket->items, (basket->count + 1) * sizeof *items);
  if (items == NULL) return -1;
  basket->items = items;
  int *prices = realloc(basket->prices, (basket->count + 1) * sizeof *prices);
  if (prices == NULL) return -1;
  basket->prices = prices;
  items[basket->count] = item;
  prices[basket->count++] = price;
  return 0;
}

int basket_total(const struct basket *basket) {
  int total = 0;
  for (size_t i = 0; i < basket->count; i++) total += basket->prices[i];
  return total;
}

int basket_set_label(struct basket *basket, const char *label) {
  char *copy = text_copy(label);
  if (copy == NULL) return -1;
  free(basket->label);
  basket->label = copy;
  return 0;
}

char *basket_describe(const struct basket *basket) {
  return text_of_items(basket->items, basket->count);
}

struct basket *basket_copy(const struct basket *basket) {
  struct basket *copy = basket_new();
  if (copy == NULL) return NULL;
  if (items_copy(copy, basket) == 0) return copy;
  basket_free(copy);
  return NULL;
}
