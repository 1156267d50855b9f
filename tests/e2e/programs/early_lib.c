/* SPDX-License-Identifier: MIT */
/* A library whose IFUNC resolver runs the allocator while the dynamic linker still relocates, when the injector itself
 * is not relocated yet; and whose constructor and destructor allocate. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>

int early_answer(void);
extern void *early_block, *early_constructed;
void *early_block, *early_constructed;

static int answer(void) {
  return 42;
}

static int (*resolve(void))(void) {
  unsigned char *bytes = malloc(10), *zeros = calloc(4, 10);
  for (int i = 0; i < 10; i++) bytes[i] = (unsigned char)i;
  for (int i = 0; i < 40; i++)
    if (zeros[i] != 0) __builtin_trap();
  bytes = realloc(bytes, 5000);
  for (int i = 0; i < 10; i++)
    if (bytes[i] != i) __builtin_trap();
  free(malloc(SIZE_MAX / 2));
  free(zeros);
  early_block = bytes;
  return answer;
}

int early_answer(void) __attribute__((ifunc("resolve")));

__attribute__((constructor)) static void construct(void) {
  early_constructed = malloc(77);
}

__attribute__((destructor)) static void destruct(void) {
  free(malloc(78));
  free(early_constructed);
}
