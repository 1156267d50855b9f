/* SPDX-License-Identifier: MIT */
/* Uses early_lib.c: blocks from before relocation are grown, read and freed later by the ordinary functions. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>

#include "check.h"

int early_answer(void);
extern void *early_block, *early_constructed;
extern int (*const early_table)(void);

static void *constructed;

__attribute__((constructor)) static void construct(void) {
  constructed = malloc(79);
}

static void at_exit(void) {
  free(malloc(80));
}

int main(void) {
  CHECK(early_answer() == 42 && early_table() == 42);
  int constructors_failed = (early_constructed == NULL) + (constructed == NULL);
  CHECK(malloc_usable_size(early_block) >= 5000);
  unsigned char *bytes = realloc(early_block, 100000);
  CHECK(bytes != NULL);
  for (int i = 0; i < 10; i++) CHECK(bytes[i] == i);
  free(bytes);
  free(constructed);
  atexit(at_exit);
  return constructors_failed;
}
