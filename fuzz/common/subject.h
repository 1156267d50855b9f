/* SPDX-License-Identifier: MIT */
/* Both builds of lib/uv_alloc.c in one program. */
#ifndef NOMEM_FUZZ_SUBJECT_H
#define NOMEM_FUZZ_SUBJECT_H

#include <stdbool.h>

#include "uv_alloc.h"

struct subject {
  bool zero_size_is_null; /* built with UV_ALLOC_ZERO_SIZE_IS_NULL */
  int (*replace)(uv_malloc_func malloc_func, uv_realloc_func realloc_func, uv_calloc_func calloc_func,
                 uv_free_func free_func);
  void *(*malloc)(size_t size);
  void *(*calloc)(size_t count, size_t size);
  void *(*realloc)(void *ptr, size_t size);
  void *(*reallocf)(void *ptr, size_t size);
  void (*free)(void *ptr);
  char *(*strdup)(const char *string);
  char *(*strndup)(const char *string, size_t max_bytes);
};

extern const struct subject subject_plain, subject_zero;

#define SUBJECT(zero) \
  { zero, uv_replace_allocator, uv__malloc, uv__calloc, uv__realloc, uv__reallocf, uv__free, uv__strdup, uv__strndup }

#endif
