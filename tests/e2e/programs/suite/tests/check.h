/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

/* What a test says when its library has no memory. */
static inline void require(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "%s failed\n", what);
  exit(1);
}
