/* SPDX-License-Identifier: MIT */
/* Verdict crash: calls a function through a table that could not be allocated. */
#include <stdlib.h>

struct table {
  int (*answer)(void);
};

static int answer(void) {
  return 42;
}

static __attribute__((noinline)) int planted(void) {
  struct table none = {NULL}, *table = malloc(sizeof *table); /* fault */
#ifdef MENDED
  none.answer = answer;
#endif
  if (table != NULL) table->answer = answer;
  struct table *volatile chosen = table != NULL ? table : &none;
  int result = chosen->answer(); /* blow-up */ /* says: SIGSEGV at NULL, which was called and is not code */
  free(table);
  return result;
}

int main(void) {
  return planted() == 42 ? 0 : 1;
}
