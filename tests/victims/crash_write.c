/* SPDX-License-Identifier: MIT */
/* Verdict crash: writes through a pointer that it never checked. */
#include <stdlib.h>

static __attribute__((noinline)) char *planted(size_t length) {
  volatile char *text = malloc(length); /* fault */
#ifdef MENDED
  if (text == NULL) return NULL;
#endif
  for (size_t i = 0; i < length; i++) text[i] = 'x'; /* blow-up */
  return (char *)text;
}

int main(int argc, char **argv) {
  (void)argv;
  char *text = planted(100 + (size_t)argc);
  int is_there = text != NULL;
  free(text);
  return is_there ? 0 : 1;
}
