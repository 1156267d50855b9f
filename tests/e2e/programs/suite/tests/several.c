/* SPDX-License-Identifier: MIT */
#include "../shelf.h"
#include "check.h"

int main(int argc, char **argv) {
  struct shelf *shelf = shelf_new();
  require(shelf != NULL, "shelf_new");
  require(shelf_set_label(shelf, argc > 1 ? argv[1] : "all") == 0, "shelf_set_label");
  require(shelf_add(shelf, 1) == 0, "shelf_add");
  char *text = shelf_describe(shelf);
  shelf_free(shelf);
  if (text == NULL) return 1;
  free(text);
  return 0;
}
