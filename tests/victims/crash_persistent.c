/* SPDX-License-Identifier: MIT */
/* Verdict crash, for a persistent fault only: makes do with less, but does not check whether it got even that. */
#include <stdlib.h>

static __attribute__((noinline)) char *planted(void) {
  char *text = malloc(10000); /* fault */
  if (text != NULL) return text;
  volatile char *little = malloc(10);
#ifdef MENDED
  if (little == NULL) return NULL;
#endif
  little[0] = 'x'; /* blow-up */
  return (char *)little;
}

int main(void) {
  char *text = planted();
  int is_there = text != NULL;
  free(text);
  return is_there ? 0 : 1;
}
