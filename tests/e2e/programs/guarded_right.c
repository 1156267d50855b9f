/* SPDX-License-Identifier: MIT */
/* Uses all that allocates as it may, and looks whether each block is as it must be: aligned, of the size that is told,
 * with its contents after it has moved, and errno kept. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int is_right, int line) {
  if (is_right) return;
  printf("wrong in line %d\n", line);
  exit(3);
}
#define CHECK(condition) check(condition, __LINE__)

static int is_filled(const unsigned char *block, size_t size, unsigned char with) {
  for (size_t i = 0; i < size; i++)
    if (block[i] != with) return 0;
  return 1;
}

static void use(unsigned char *block, size_t alignment, size_t size) {
  CHECK(block != NULL && (uintptr_t)block % alignment == 0);
  CHECK(malloc_usable_size(block) >= size);
  memset(block, 0x5a, malloc_usable_size(block));
  CHECK(is_filled(block, size, 0x5a));
  free(block);
}

static void check_alignments(void) {
  for (size_t size = 0; size < 9000; size = size * 3 / 2 + 1) {
    use(malloc(size), 16, size);
    use(memalign(48, size), 16, size);
    use(valloc(size), 4096, size);
    use(pvalloc(size), 4096, size);
    for (size_t alignment = 16; alignment <= 16384; alignment *= 2) {
      void *block = NULL;
      CHECK(posix_memalign(&block, alignment, size) == 0);
      use(block, alignment, size);
      use(aligned_alloc(alignment, size), alignment, size);
      use(memalign(alignment, size), alignment, size);
    }
  }
}

static void check_realloc(void) {
  unsigned char *block = malloc(1);
  *block = 0x33;
  for (size_t size = 2, before = 1; size < 3000000; before = size, size = size * 2 + 5) {
    block = realloc(block, size);
    CHECK(block != NULL && is_filled(block, before, 0x33));
    memset(block, 0x33, size);
  }
  for (size_t size = 1800000; size > 1; size /= 3) {
    block = realloc(block, size);
    CHECK(block != NULL && is_filled(block, size, 0x33));
  }
  CHECK(realloc(block, SIZE_MAX / 2) == NULL && block[0] == 0x33);
  block = reallocarray(block, 10, 10);
  CHECK(block[0] == 0x33);
  CHECK(realloc(block, 0) == NULL);
}

static void check_zeros(void) {
  for (size_t size = 1; size < 100000; size = size * 2 + 1) {
    unsigned char *block = calloc(1, size);
    CHECK(is_filled(block, size, 0));
    memset(block, 1, size);
    free(block);
  }
  CHECK(malloc(0) != malloc(0));
}

int main(void) {
  void *volatile first = malloc(24); /* fails */
  free(first);
  errno = EXDEV;
  check_alignments();
  CHECK(errno == EXDEV);
  check_zeros();
  CHECK(errno == EXDEV);
  check_realloc();
  puts("right");
  return 0;
}
