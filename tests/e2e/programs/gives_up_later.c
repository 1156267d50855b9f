/* SPDX-License-Identifier: MIT */
/* A program that reports a failure and gives up. What its first call of a site loses is nothing; a later one loses,
 * with LOSES_LIST, the items that there are already, or with LOSES_REST all but one; with LOSES_GROWN, the block that
 * was to grow; and with LOSES_WRAPPED, what a function that allocates for all has given. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

struct item {
  struct item *next;
};

static void items_free(struct item *item) {
  while (item != NULL) {
    struct item *next = item->next;
    free(item);
    item = next;
  }
}

NOINLINE static struct item *make_list(unsigned count) {
  struct item *list = NULL;
  while (count-- > 0) {
    struct item *item = malloc(sizeof *item);
    if (item == NULL) {
#if defined LOSES_REST
      free(list);
#elif !defined LOSES_LIST
      items_free(list);
#endif
      return NULL;
    }
    item->next = list;
    list = item;
  }
  return list;
}

NOINLINE static int grow(int **numbers, size_t count) {
  int *grown = reallocarray(*numbers, count, sizeof **numbers);
#ifdef LOSES_GROWN
  *numbers = grown;
#endif
  if (grown == NULL) return -1;
  *numbers = grown;
  return 0;
}

static char *need(size_t bytes) {
  return malloc(bytes + (bytes == 0));
}

NOINLINE static char *make_pair(size_t bytes) {
  char *one = need(bytes);
  if (one == NULL) return NULL;
  char *two = need(bytes);
  if (two == NULL) {
#ifndef LOSES_WRAPPED
    free(one);
#endif
    return NULL;
  }
  strcpy(one, "1");
  strcpy(two, one);
  free(two);
  return one;
}

int main(void) {
  int *numbers = NULL;
  struct item *list = make_list(3);
  char *pair = list != NULL ? make_pair(10) : NULL;
  int result = pair == NULL;
  for (size_t count = 100; count < 400 && result == 0; count += 100) result = grow(&numbers, count) != 0;
  if (result != 0) fputs("no memory\n", stderr);
  items_free(list);
  free(pair);
  free(numbers);
  return result;
}
