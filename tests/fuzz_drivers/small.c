/* SPDX-License-Identifier: MIT */
/* A target of three bytes of code, with another function right behind it, which must not be overwritten. -DALLOCATES:
 * what allocates is only the target's own function. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#ifdef ALLOCATES
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  (void)data;
  char *block = malloc(size + 1);
  __asm__ volatile("" : "+r"(block)); /* lest the compiler leave it out */
  free(block);
  return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  (void)data;
  (void)size;
  return 0;
}
#endif

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  return *argc == 0 && *argv == NULL;
}
