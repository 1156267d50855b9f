/* SPDX-License-Identifier: MIT */
/* AddressSanitizer: heap-buffer-overflow. The buffer could not grow, and the text is added all the same, in a function
 * of the C library that the sanitizer stands in for. */
#include <stdlib.h>
#include <string.h>

static const char text[] = "more than there is room for";

static __attribute__((noinline)) char *planted(char *buffer) {
  char *larger = realloc(buffer, sizeof text); /* fault */
#ifdef MENDED
  if (larger == NULL) return buffer;
#endif
  if (larger != NULL) buffer = larger;
  memcpy(buffer, text, sizeof text); /* blow-up */
  return buffer;
}

int main(void) {
  char *buffer = malloc(8);
  if (buffer == NULL) return 1;
  buffer = planted(buffer);
  free(buffer);
  return 0;
}
