/* SPDX-License-Identifier: MIT */
/* A library that is given its allocator by the test, for most of what it allocates. */
#include <stdio.h>
#include <stdlib.h>

typedef void *(*allocate)(size_t bytes);

void library_set_allocator(allocate function);
int library_open(void);

#ifdef LIBRARY
static allocate serve = malloc;

void library_set_allocator(allocate function) {
  serve = function;
}

int library_open(void) {
  int *direct = malloc(sizeof *direct);
  if (direct == NULL) return -1;
  int *page = serve(64);
#ifdef MENDED
  if (page == NULL) {
    free(direct);
    return -1;
  }
#endif
  *page = *direct = 1; /* planted */
  free(page);
  free(direct);
  return 0;
}
#else
static void *allocate_aligned(size_t bytes) {
  char *block = malloc(bytes);
  if (block != NULL) block[0] = 'x';
  return block;
}

static void *custom_allocate(size_t bytes) {
  return allocate_aligned(bytes);
}

int main(void) {
  char *name = malloc(32); /* the test's own */
  if (name == NULL) return 2;
  snprintf(name, 32, "a name");
  library_set_allocator(custom_allocate);
  int status = library_open() != 0;
  free(name);
  return status;
}
#endif
