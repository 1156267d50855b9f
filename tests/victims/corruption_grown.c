/* SPDX-License-Identifier: MIT */
/* Verdict corruption: takes a buffer to be larger before it has grown, and writes on. Only the block table notices:
 * what is written behind the end lies within what the C library gave. */
/* says: a block was written past its end */
#include <stdlib.h>

static char *volatile text; /* lest the compiler see through it */
static volatile size_t capacity, length;

static __attribute__((noinline)) int planted(void) {
  capacity = 18;
  text = malloc(capacity);
  if (text == NULL) return 1;
  for (length = 0; length < 22; length++) {
    if (length == capacity) {
      size_t wanted = capacity * 2;
#ifndef MENDED
      capacity = wanted;
#endif
      char *grown = realloc(text, wanted); /* fault */
      if (grown == NULL) continue;         /* what does not fit is left out */
      text = grown;
      capacity = wanted;
    }
    if (length < capacity) text[length] = 'x';
  }
  free(text); /* blow-up */
  return 0;
}

int main(void) {
  return planted();
}
