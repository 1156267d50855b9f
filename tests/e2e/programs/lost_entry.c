/* SPDX-License-Identifier: MIT */
/* A program that leaves an entry out, without a word, where a call has no memory. All that it has it gets by functions
 * that call one another through a pointer, and allocate for it. With MENDED it gives up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct allocator {
  void *(*alloc_func)(size_t size);
};

static void *default_alloc_func(size_t size) {
  return calloc(size, 1);
}

static const struct allocator allocator = {default_alloc_func};

static void *mem_alloc(size_t size) {
  if (allocator.alloc_func != NULL) return allocator.alloc_func(size);
  return NULL;
}

__attribute__((noinline)) static int add_entry(const char *name) {
  char *entry = mem_alloc(strlen(name) + 1);
#ifdef MENDED
  if (entry == NULL) return -1;
#endif
  if (entry != NULL) puts(strcpy(entry, name));
  free(entry);
  return 0;
}

__attribute__((noinline)) static int add_title(const char *title) {
  char *copy = mem_alloc(strlen(title) + 1);
#ifdef MENDED
  if (copy == NULL) return -1;
#endif
  if (copy != NULL) printf("# %s\n", strcpy(copy, title));
  free(copy);
  return 0;
}

int main(void) {
  setbuf(stdout, NULL);
  puts("begin");
  if (add_title("a title") != 0 || add_entry("one") != 0) return 1;
  return 0;
}
