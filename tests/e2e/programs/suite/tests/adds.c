/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../shelf.h"
#include "check.h"

/* adds [LINES]: adds a book for each line that it reads, up to "end"; there must be so many lines. */
int main(int argc, char **argv) {
  static char line[64];
  int lines = 0;
  struct shelf *shelf = shelf_new();
  require(shelf != NULL, "shelf_new");
  setvbuf(stdin, NULL, _IONBF, 0);
  for (; fgets(line, sizeof line, stdin) != NULL && strcmp(line, "end\n") != 0; lines++)
    require(shelf_add(shelf, lines) == 0, "shelf_add");
  shelf_free(shelf);
  return argc > 1 && lines != atoi(argv[1]);
}
