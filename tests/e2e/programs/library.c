/* SPDX-License-Identifier: MIT */
/* The library under test: hands the failure on, or with ABORTS gives up the process of whoever uses it. */
#include "library.h"

#include <stdlib.h>

void *library_make(int size) {
  void *block = malloc((size_t)size); /* fault */
#ifdef ABORTS
  if (block == NULL) abort(); /* blow-up */
#endif
  return block;
}
