/* SPDX-License-Identifier: MIT */
/* Verdict crash when the second call fails, and only then: the first is checked, the others are assumed to have gone
 * well, and from the third on there is a spare. */
#include <stdlib.h>

static volatile char spare[100];

static __attribute__((noinline)) void planted(int call) {
  volatile char *text = malloc(100); /* fault */
  if (text == NULL && call > 1) text = spare;
#ifdef MENDED
  if (text == NULL) exit(1);
#else
  if (text == NULL && call == 0) exit(1);
#endif
  text[0] = 'x'; /* blow-up */
  if (text != spare) free((char *)text);
}

int main(void) {
  for (int call = 0; call < 5; call++) planted(call);
  return 0;
}
