/* SPDX-License-Identifier: MIT */
#include "../shelf.h"
#include "check.h"

static void fill(struct shelf *shelf) {
  for (int i = 0; i < 3; i++) require(shelf_add(shelf, i) == 0, "shelf_add");
}

int main(void) {
  struct shelf *shelf = shelf_new();
  require(shelf != NULL, "shelf_new");
  fill(shelf);
  require(shelf->count == 3, "the count");
  shelf_free(shelf);
  return 0;
}
