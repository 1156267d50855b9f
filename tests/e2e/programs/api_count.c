/* SPDX-License-Identifier: MIT */
/* Calls each allocation function a known number of times, between a mark and a mark, and nothing else: 1 malloc, 2
 * calloc, 3 realloc, 4 reallocarray, 5 aligned_alloc, 6 posix_memalign, 7 memalign, 8 valloc, 9 pvalloc. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>

#include "check.h"

static void *volatile kept, *volatile nothing;

static void keep(void *block) {
  CHECK(block != NULL);
  kept = block;
}

int main(void) {
  void *out;
  for (int i = 0; i < 1; i++) keep(malloc(10));
  for (int i = 0; i < 2; i++) keep(calloc(10, 1));
  for (int i = 0; i < 3; i++) keep(realloc(i == 0 ? NULL : kept, 10));
  kept = NULL;
  for (int i = 0; i < 4; i++) keep(reallocarray(kept, 10, 2));
  for (int i = 0; i < 5; i++) keep(aligned_alloc(64, 64));
  for (int i = 0; i < 6; i++) {
    CHECK(posix_memalign(&out, 64, 10) == 0);
    keep(out);
  }
  for (int i = 0; i < 7; i++) keep(memalign(64, 10));
  for (int i = 0; i < 8; i++) keep(valloc(10));
  for (int i = 0; i < 9; i++) keep(pvalloc(10));
  for (int i = 0; i < 10; i++) free(nothing);
  return 0;
}
