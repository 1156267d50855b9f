/* SPDX-License-Identifier: MIT */
#include "uv_alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct {
  uv_malloc_func malloc;
  uv_realloc_func realloc;
  uv_calloc_func calloc;
  uv_free_func free;
} allocator = {malloc, realloc, calloc, free};

int uv_replace_allocator(uv_malloc_func malloc_func, uv_realloc_func realloc_func, uv_calloc_func calloc_func,
                         uv_free_func free_func) {
  if (!malloc_func || !realloc_func || !calloc_func || !free_func) return UV_EINVAL;
  allocator.malloc = malloc_func;
  allocator.realloc = realloc_func;
  allocator.calloc = calloc_func;
  allocator.free = free_func;
  return 0;
}

void *uv__malloc(size_t size) {
#ifdef UV_ALLOC_ZERO_SIZE_IS_NULL
  if (size == 0) return NULL;
#endif
  return allocator.malloc(size);
}

void *uv__calloc(size_t count, size_t size) {
  return allocator.calloc(count, size);
}

void *uv__realloc(void *ptr, size_t size) {
#ifdef UV_ALLOC_ZERO_SIZE_IS_NULL
  if (size == 0) {
    uv__free(ptr);
    return NULL;
  }
#endif
  return allocator.realloc(ptr, size);
}

void *uv__reallocf(void *ptr, size_t size) {
  void *moved = uv__realloc(ptr, size);
  /* A size of 0 makes NULL ambiguous: the block may be gone already, and freeing it twice is worse than losing it. */
  if (!moved && size > 0) uv__free(ptr);
  return moved;
}

void uv__free(void *ptr) {
  int saved_errno = errno;
  allocator.free(ptr);
  errno = saved_errno;
}

char *uv__strdup(const char *string) {
  return uv__strndup(string, SIZE_MAX);
}

char *uv__strndup(const char *string, size_t max_bytes) {
  size_t length = strnlen(string, max_bytes);
  char *copy = uv__malloc(length + 1);
  if (!copy) return NULL;
  memcpy(copy, string, length);
  copy[length] = '\0';
  return copy;
}
