/* SPDX-License-Identifier: MIT */
/* A target with more calls to fail than one input gets runs for in a campaign. Only the second call of the last site is
 * not checked. */
#include <stdint.h>
#include <stdlib.h>

__attribute__((noinline)) static void *get(size_t size) {
  void *block = malloc(size);
  __asm__ volatile("" : "+r"(block)); /* lest the compiler leave it out */
  return block;
}

__attribute__((noinline)) static void work(void) {
#define SITE free(get(8));
  SITE SITE SITE SITE SITE SITE SITE SITE SITE SITE SITE SITE SITE SITE SITE SITE SITE SITE for (int i = 0; i < 3;
                                                                                                 i++) {
    char *block = get(16);
    if (block == NULL && i != 1) return;
    block[0] = 'x'; /* the planted bug; NOLINT(clang-analyzer-core.NullDereference) */
    free(block);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 0 && data[0] == 'x') work();
  return 0;
}
