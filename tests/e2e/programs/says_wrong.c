/* SPDX-License-Identifier: MIT */
/* A list that loses an item in silence when it has no memory; its test notices, and says so by nomem_wrong, or by the
 * exit status 3 with EXITS, or before it aborts with ABORTS. MENDED: the list reports the failure. ALWAYS: the test
 * says so in any case. HOSTILE: what it says drives a terminal, and does not end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nomem.h"

struct item {
  struct item *next;
};

static int add(struct item **list) {
  struct item *item = malloc(sizeof *item);
  if (item == NULL) {
#ifdef MENDED
    return -1;
#else
    return 0;
#endif
  }
  item->next = *list;
  *list = item;
  return 0;
}

static int release(struct item *list) {
  int count = 0;
  for (struct item *next; list != NULL; list = next, count++) {
    next = list->next;
    free(list);
  }
  return count;
}

static void say(void) {
#ifdef HOSTILE
  static char text[4096];
  memset(text, 'x', sizeof text);
  memcpy(text, "\033[2J\n'", 6);
  nomem_wrong(text);
#else
  nomem_wrong("the list has lost an item");
#endif
}

int main(void) {
  struct item *list = NULL;
  int status = add(&list);
#ifdef ALWAYS
  say();
#endif
  if (status != 0) return 1;
  if (release(list) == 1) return 0;
#ifdef EXITS
  return 3;
#endif
  say();
#ifdef ABORTS
  abort();
#endif
  return 0;
}
