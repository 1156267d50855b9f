/* SPDX-License-Identifier: MIT */
#include "../store.h"

#include <stdio.h>

int main(void) {
  struct store *store = store_open("letters");
  if (store == NULL) {
    fprintf(stderr, "cannot open the store\n");
    return 1;
  }
  printf("%zu letters\n", store->length);
  store_close(store);
  return 0;
}
