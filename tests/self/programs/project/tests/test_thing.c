/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include "../thing.h"

int main(void) {
  char *own = malloc(10);
  struct thing *thing = thing_new();
  int size = thing_size(thing);
  thing_free(thing);
  free(own);
  assert(size == 1);
  return 0;
}
