/* SPDX-License-Identifier: MIT */
/* A fuzz target whose bug shows only when two calls fail, the one and its fallback. Four other calls are checked. It
 * knows nothing of nomem. */
#include <stdint.h>
#include <stdlib.h>

__attribute__((noinline)) static char *get(size_t size) {
  char *block = malloc(size);
  __asm__ volatile("" : "+r"(block));
  return block;
}

__attribute__((noinline)) static void use(void) {
  char *others[4];
  char *block = get(16);
  for (int i = 0; i < 4; i++) others[i] = get(8);
  if (block == NULL) block = get(1); /* the fallback is not checked */
  block[0] = 'x';
  free(block);
  for (int i = 0; i < 4; i++) free(others[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 0 && data[0] != 0) use();
  return 0;
}
