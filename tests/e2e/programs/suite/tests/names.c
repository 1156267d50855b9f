/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "../shelf.h"
#include "check.h"

/* Does by its name what it does: "adder" adds to a shelf, "cleaner" only makes one; any other fails. */
int main(int argc, char **argv) {
  const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL, *name = slash != NULL ? slash + 1 : argv[0];
  struct shelf *shelf = shelf_new();
  require(shelf != NULL, "shelf_new");
  if (strcmp(name, "adder") == 0)
    require(shelf_add(shelf, 1) == 0, "shelf_add");
  else
    require(strcmp(name, "cleaner") == 0, "its name");
  shelf_free(shelf);
  return 0;
}
