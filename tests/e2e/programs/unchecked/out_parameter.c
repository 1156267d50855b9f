/* SPDX-License-Identifier: MIT */
/* The NULL comes back through a pointer, and by way of a variable of the file. */
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

static char *name;

NOINLINE static int make(char **made, size_t bytes) {
  *made = malloc(bytes); /* unchecked */
#ifdef MENDED
  if (*made == NULL) return -1;
#endif
  return 0;
}

NOINLINE static void write_name(void) {
  memcpy(name, "name", 5);
}

int main(void) {
  char *buffer;
  if (make(&buffer, 10) != 0) return 1;
  *(volatile char *)buffer = 'x';
  free(buffer);
  if (make(&name, 10) != 0) return 1;
  write_name();
  free(name);
  return 0;
}
