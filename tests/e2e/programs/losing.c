/* SPDX-License-Identifier: MIT */
/* Who allocates (makes) and who loses what was allocated (loses), in one program or in two files: MAKES, LOSES. */
#include <stdlib.h>

char *makes(size_t size);
int loses(void);

#ifndef LOSES
char *makes(size_t size) {
  return malloc(size);
}
#endif

#ifndef MAKES
int loses(void) {
  char *volatile first = makes(10);
  char *volatile second = makes(20);
  if (second == NULL) first = NULL; /* forgets it */
  free(first);
  free(second);
  return 0;
}

/* Overwrites what calls have left on the stack. */
static void use_stack(void) {
  volatile char stack[4096];
  for (unsigned i = 0; i < sizeof stack; i++) stack[i] = 1;
}

int main(void) {
  int result = loses();
  use_stack();
  return result;
}
#endif
