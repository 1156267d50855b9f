/* SPDX-License-Identifier: MIT */
/* A program that counts on what its allocator does and no allocator has to do: which habit it has is given as MOVES,
 * FRESH, FREED, ZERO, ERRNO or ALIGN. MENDED is the same program without it. It copes with every failure. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is read through these is read again from memory, whatever the compiler knows of blocks. */
typedef volatile unsigned char bytes;

static void *check(void *block) {
  if (block != NULL) return block;
  fputs("out of memory\n", stderr);
  exit(2);
}

#ifdef MOVES
/* Keeps an address in a block that it makes smaller, which glibc leaves where it is. */
static int planted(void) {
  bytes *list = check(malloc(400));
  list[0] = 7;
  bytes *first = &list[0];
  list = check(realloc((void *)list, 80)); /* the call */
#ifdef MENDED
  first = &list[0];
#endif
  int result = *first == 7;
  free((void *)list);
  return result;
}
#endif

#ifdef FRESH
/* Takes a large block for zeros, which it is when it comes from the kernel. */
static int planted(void) {
#ifdef MENDED
  bytes *block = check(calloc(1, 20000));
#else
  bytes *block = check(malloc(20000)); /* the call */
#endif
  int result = block[12000] == 0;
  free((void *)block);
  return result;
}
#endif

#ifdef FREED
/* Reads what it has freed a moment ago. */
static int planted(void) {
  bytes *block = check(malloc(100));
  block[60] = 5;
#ifdef MENDED
  int last = block[60];
  free((void *)block);
#else
  free((void *)block);                 /* the call */
  int last = block[60];
#endif
  return last == 5;
}
#endif

#ifdef ZERO
/* Takes NULL for a failure, whatever the size. */
static int planted(void) {
  volatile size_t length = 0;
  void *block = malloc(length); /* the call */
#ifdef MENDED
  if (block == NULL && length > 0) return 0;
#else
  if (block == NULL) return 0;
#endif
  free(block);
  return 1;
}
#endif

#ifdef ERRNO
/* Looks at errno after a call that has succeeded. */
static int planted(void) {
  errno = 0;
  void *block = malloc(30); /* the call */
#ifdef MENDED
  int failed = block == NULL;
#else
  int failed = errno != 0;
#endif
  free(block);
  return !failed;
}
#endif

#ifdef ALIGN
/* Takes one of two neighbours to be aligned to 32 bytes, as they are when the size of their blocks is no multiple of
 * that. */
static int planted(void) {
  char *one = check(malloc(96)), *two = check(malloc(96)); /* the call */
#ifdef MENDED
  int result = (uintptr_t)one % 16 == 0 && (uintptr_t)two % 16 == 0;
#else
  int result = (uintptr_t)one % 32 == 0 || (uintptr_t)two % 32 == 0;
#endif
  free(one);
  free(two);
  return result;
}
#endif

int main(void) {
  void *before = check(malloc(10)), *after;
  int result = planted();
  after = check(malloc(10));
  free(before);
  free(after);
  return result ? 0 : 1;
}
