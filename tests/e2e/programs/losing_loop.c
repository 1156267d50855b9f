/* SPDX-License-Identifier: MIT */
/* A loop that forgets all copies when one cannot be made: each was made by the very call that fails. */
#include <stdlib.h>
#include <string.h>

static int loses(void) {
  char *names[3];
  for (int i = 0; i < 3; i++)
    if ((names[i] = strdup("name")) == NULL) return 0;
  for (int i = 0; i < 3; i++) free(names[i]);
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
