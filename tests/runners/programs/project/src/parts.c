/* SPDX-License-Identifier: MIT */
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "planted.h"

/* A number, a blank before it, and the end of the text. */
#define ITEM_BYTES 13

/* A crash: the block is not checked. */
char *text_copy(const char *text) {
  size_t bytes = strlen(text) + 1;
  char *copy = malloc(bytes);
  IF_CLEAN(if (copy == NULL) return NULL;)
  for (size_t i = 0; i < bytes; i++) copy[i] = text[i];
  return copy;
}

/* A leak: when the text cannot grow, what there is of it is lost. */
char *text_of_items(const int *items, size_t count) {
  size_t length = 0;
  char *text = calloc(1, 1);
  if (text == NULL) return NULL;
  for (size_t i = 0; i < count; i++) {
    char *longer = realloc(text, length + ITEM_BYTES);
    if (longer == NULL) {
      IF_CLEAN(free(text);)
      return NULL;
    }
    text = longer;
    length += (size_t)snprintf(text + length, ITEM_BYTES, " %d", items[i]);
  }
  return text;
}

/* A corrupt heap: what is freed here is freed again with the basket that it stands in. */
int items_copy(struct basket *to, const struct basket *from) {
  size_t bytes = from->count * sizeof(int);
  to->items = malloc(bytes);
  if (to->items == NULL) return -1;
  to->prices = malloc(bytes);
  if (to->prices == NULL) {
    free(to->items);
    IF_CLEAN(to->items = NULL;)
    return -1;
  }
  memcpy(to->items, from->items, bytes);
  memcpy(to->prices, from->prices, bytes);
  to->count = from->count;
  return 0;
}
