/* SPDX-License-Identifier: MIT */
/* The library's test: it asserts that all goes well, as tests do. */
#include <assert.h>
#include <stdlib.h>

#include "library.h"

int main(void) {
  void *block = library_make(100);
  assert(block != NULL);
  free(block);
  return 0;
}
