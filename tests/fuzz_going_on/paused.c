/* SPDX-License-Identifier: MIT */
/* A target that does not check a call which it has asked to be left alone; -DUNPAUSED: it has not. */
#include <stdint.h>
#include <stdlib.h>

#define NOMEM_WEAK
#include "../../faults/nomem.h"

__attribute__((noinline)) static char *get(size_t size) {
  char *block = malloc(size);
  __asm__ volatile("" : "+r"(block)); /* lest the compiler leave it out */
  return block;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  (void)data;
  free(get(size + 1));
#ifndef UNPAUSED
  if (nomem_pause) nomem_pause();
#endif
  char *block = get(16);
  block[0] = 'x';
#ifndef UNPAUSED
  if (nomem_resume) nomem_resume();
#endif
  free(block);
  return 0;
}
