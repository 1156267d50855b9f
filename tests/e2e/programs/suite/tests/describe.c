/* SPDX-License-Identifier: MIT */
#include "../shelf.h"
#include "check.h"

int main(void) {
  struct shelf *shelf = shelf_new();
  require(shelf != NULL, "shelf_new");
  char *text = shelf_describe(shelf);
  shelf_free(shelf);
  if (text == NULL) return 1;
  free(text);
  return 0;
}
