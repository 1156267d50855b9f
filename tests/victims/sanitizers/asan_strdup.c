/* SPDX-License-Identifier: MIT */
/* AddressSanitizer: attempting double-free. The failing call is one that AddressSanitizer serves without malloc. */
#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) char *planted(const char *name, char *spare) {
  char *copy = strdup(name); /* fault */
#ifndef MENDED
  if (copy == NULL) free(spare);
#endif
  free(spare); /* blow-up */
  return copy;
}

int main(int argc, char **argv) {
  (void)argc;
  char *spare = malloc(1);
  if (spare == NULL) return 1;
  char *copy = planted(argv[0], spare);
  if (copy == NULL) return 1;
  free(copy);
  return 0;
}
