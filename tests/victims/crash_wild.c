/* SPDX-License-Identifier: MIT */
/* Verdict crash: reads an element of a table that is not there, so far from NULL that the address does not show it. */
#include <stdlib.h>

static __attribute__((noinline)) int planted(size_t number) {
  volatile int *table = calloc(100000, sizeof *table); /* fault */
#ifdef MENDED
  if (table == NULL) return 7;
#endif
  table[number] = 7; /* blow-up */ /* says: SIGSEGV at 0x1869c, where nothing is mapped */
  int result = table[number];
  free((void *)table);
  return result;
}

int main(void) {
  volatile size_t number = 24999;
  return planted(number) == 7 ? 0 : 1;
}
