/* SPDX-License-Identifier: MIT */
#include "../shelf.h"
#include "check.h"

int main(void) {
  struct shelf *shelf = shelf_new();
  require(shelf != NULL, "shelf_new");
  if (shelf_clear(shelf) != 0) {
    shelf_free(shelf);
    require(0, "shelf_clear");
  }
  shelf_free(shelf);
  return 0;
}
