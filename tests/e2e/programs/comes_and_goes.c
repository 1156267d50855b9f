/* SPDX-License-Identifier: MIT */
/* A function that does not check an allocation, which is not made in the run after the one that crashed. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char mark[] = "has-crashed";

static void load(void) {
  char *text = malloc(50);
  if (text == NULL) fclose(fopen(mark, "w"));
  *(volatile char *)text = '\0';
  free(text);
}

int main(void) {
  bool is_after_crash = unlink(mark) == 0;
  if (!is_after_crash) load();
  return 0;
}
