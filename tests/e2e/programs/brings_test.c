/* SPDX-License-Identifier: MIT */
/* A library that is given its allocator by the test, for most of what it allocates. IGNORES: the test does not look at
 * what the library has told it. */
#include <stdio.h>
#include <stdlib.h>

typedef void *(*allocate)(size_t bytes);

void library_set_allocator(allocate function);
int library_open(void);

struct pages {
  int *first;
  unsigned count;
};

int library_make_pages(struct pages *pages, unsigned count);
int library_count(const struct pages *pages);

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

int library_make_pages(struct pages *pages, unsigned count) {
  *pages = (struct pages){.first = serve(count * sizeof *pages->first), .count = count};
  if (pages->first == NULL) return -1;
  for (unsigned i = 0; i < count; i++) pages->first[i] = 1;
  return 0;
}

int library_count(const struct pages *pages) {
  int sum = 0;
  for (unsigned i = 0; i < pages->count; i++) sum += pages->first[i];
  return sum;
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
#ifdef IGNORES
  struct pages pages;
  library_make_pages(&pages, 4);
  int status = library_count(&pages) != 4;
  free(pages.first);
#else
  int status = library_open() != 0;
#endif
  free(name);
  return status;
}
#endif
