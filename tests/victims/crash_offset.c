/* SPDX-License-Identifier: MIT */
/* Verdict crash: the address is NULL plus the offset of a member. */
#include <stdlib.h>

struct record {
  char name[200];
  volatile int count;
};

static __attribute__((noinline)) struct record *planted(void) {
  struct record *record = calloc(1, sizeof *record); /* fault */
#ifdef MENDED
  if (record == NULL) return NULL;
#endif
  record->count = 1; /* blow-up */ /* says: SIGSEGV at NULL + 0xc8 */
  return record;
}

int main(void) {
  struct record *record = planted();
  int count = record != NULL ? record->count : 0;
  free(record);
  return count == 1 ? 0 : 1;
}
