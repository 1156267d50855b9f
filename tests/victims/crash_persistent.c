/* Verdict crash, for a persistent fault only: makes do with less, but does not look whether it got that. */
#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) char *planted(void) {
  char *text = malloc(10000);
  if (text != NULL) return text;
  text = malloc(10); /* fault */
#ifdef MENDED
  if (text == NULL) return NULL;
#endif
  memset(text, 0, 10); /* blow-up */
  return text;
}

int main(void) {
  char *text = planted();
  int is_there = text != NULL;
  free(text);
  return is_there ? 0 : 1;
}
