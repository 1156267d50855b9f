/* Verdict crash: writes through a block it never looked at. */
#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) char *planted(size_t length) {
  char *text = malloc(length); /* fault */
#ifdef MENDED
  if (text == NULL) return NULL;
#endif
  memset(text, 'x', length); /* blow-up */
  return text;
}

int main(int argc, char **argv) {
  (void)argv;
  char *text = planted(100 + (size_t)argc);
  int is_there = text != NULL;
  free(text);
  return is_there ? 0 : 1;
}
