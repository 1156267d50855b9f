/* SPDX-License-Identifier: MIT */
#include "store.h"

#include <stdlib.h>
#include <string.h>

struct store *store_open(const char *name) {
  struct store *store = malloc(sizeof *store);
  if (store == NULL) return NULL;
  store->name = strdup(name);
  store->length = strlen(store->name);
  return store;
}

void store_close(struct store *store) {
  free(store->name);
  free(store);
}
