/* SPDX-License-Identifier: MIT */
#include "thing.h"

#include <stdlib.h>

struct thing *thing_new(void) {
  struct thing *thing = malloc(sizeof *thing);
  if (thing != NULL) thing->size = 1;
  return thing;
}

int thing_size(const struct thing *thing) {
  int *volatile scratch = malloc(sizeof *scratch);
  *scratch = thing->size;
  int size = *scratch;
  free(scratch);
  return size;
}

void thing_free(struct thing *thing) {
  free(thing);
}
