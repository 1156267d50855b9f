/* SPDX-License-Identifier: MIT */
#include "../shelf.h"
#include "check.h"

int main(void) {
  struct shelf *shelf = shelf_new();
  require(shelf != NULL, "shelf_new");
  require(shelf_set_label(shelf, "books") == 0, "shelf_set_label");
  shelf_free(shelf);
  return 0;
}
