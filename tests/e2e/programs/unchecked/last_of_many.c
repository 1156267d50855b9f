/* SPDX-License-Identifier: MIT */
/* When all calls fail, many do no harm; the last one does. */
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
#define COUNT 200

static void *kept[COUNT];

NOINLINE static void fill(void) {
  for (int i = 0; i < COUNT; i++) kept[i] = malloc(16);
}

NOINLINE static int finish(void) {
  volatile char *result = malloc(100); /* unchecked */
#ifdef MENDED
  if (result == NULL) return 1;
#endif
  result[0] = 'd';
  free((void *)result);
  return 0;
}

int main(void) {
  fill();
  int status = finish();
  for (int i = 0; i < COUNT; i++) free(kept[i]);
  return status;
}
