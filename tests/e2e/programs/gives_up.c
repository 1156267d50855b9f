/* SPDX-License-Identifier: MIT */
/* A program that reports a failure and gives up. What main() has then is its own choice: it leaves that to the kernel.
 * What a function lost that main() called is a leak, for main() does not know of it: with LOSES, a block; with
 * LOSES_OLD, the old block of a realloc that failed. With DIES the function does not come back to main() at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pair {
  char *one, *two;
};

__attribute__((noinline)) static int give_up(void) {
  fputs("no memory\n", stderr);
#ifdef DIES
  exit(1);
#endif
  return -1;
}

/* On a failure the pair is the caller's to clean up, as it stands. */
__attribute__((noinline)) static int fill(struct pair *pair) {
  pair->one = malloc(40);
  if (pair->one == NULL) return give_up();
  pair->two = malloc(50);
  if (pair->two == NULL) {
#ifdef LOSES
    pair->one = NULL;
#endif
    return give_up();
  }
  return 0;
}

__attribute__((noinline)) static int grow(struct pair *pair) {
  char *grown = realloc(pair->one, 4000);
#ifdef LOSES_OLD
  pair->one = grown;
#endif
  if (grown == NULL) return give_up();
  pair->one = grown;
  return 0;
}

int main(void) {
  struct pair pair = {0};
  struct pair *other = calloc(1, sizeof *other);
  if (other == NULL) return 1;
  if (fill(&pair) != 0 || fill(other) != 0 || grow(&pair) != 0 || grow(other) != 0) return 1;
  strcpy(pair.one, "1");
  free(pair.one);
  free(pair.two);
  free(other->one);
  free(other->two);
  free(other);
  return 0;
}
