/* SPDX-License-Identifier: MIT */
/* What an error path does to the heap and gets away with, one kind for each macro; and, without one, nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *volatile one, *volatile two, *volatile extra; /* lest the compiler see through it */

#ifdef WORD /* one byte past the end, where nothing lies between the block and the C library's own */
static void planted(void) {
  one = malloc(24);
  two = malloc(24);
  extra = malloc(200);
  if (extra == NULL && one != NULL) one[24] = 0x20 | 1;
  if (extra == NULL && one != NULL) one[24] &= 0x20;
  free(extra);
  free(one);
}
#elif defined NEIGHBOUR /* past the end, and into a block that has been freed */
static void planted(void) {
  one = malloc(20);
  two = malloc(20);
  free(two);
  extra = malloc(200);
  if (extra == NULL && one != NULL) memcpy(one, "0123456789012345678901\0\0\41\0\0\0\0\0\0\0written", 40);
  free(extra);
}
#elif defined AGAIN     /* a freed block is reallocated */
static void planted(void) {
  one = malloc(40);
  extra = malloc(200);
  if (extra == NULL) free(one);
  one = realloc(one, 60);
  free(extra);
  free(one);
}
#elif defined SECOND    /* only when the second call of a site fails */
static void planted(void) {
  for (int i = 0; i < 2; i++) {
    one = calloc(1, 80);
    extra = malloc(200);
    if (extra == NULL) free(one);
    if (extra == NULL && i == 1 && one != NULL) one[60] = 1;
    if (extra != NULL) free(one);
    free(extra);
  }
}
#elif defined MOVED     /* through the address that a block had before it grew */
static void planted(void) {
  one = calloc(1, 80);
  if (one == NULL) return;
  char *volatile before = one;
  two = realloc(one, 800);
  if (two == NULL) two = one;
  extra = malloc(200);
  if (extra == NULL) before[60] = 1;
  free(extra);
  free(two);
}
#else
static void planted(void) {
  one = malloc(24);
  extra = malloc(200);
  free(one);
  free(extra);
}
#endif

int main(void) {
  planted();
  return 0;
}
