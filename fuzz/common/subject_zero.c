/* SPDX-License-Identifier: MIT */
/* The build with UV_ALLOC_ZERO_SIZE_IS_NULL, under other names. */
#define UV_ALLOC_ZERO_SIZE_IS_NULL
#define uv_replace_allocator zero__replace_allocator
#define uv__malloc zero__malloc
#define uv__calloc zero__calloc
#define uv__realloc zero__realloc
#define uv__reallocf zero__reallocf
#define uv__free zero__free
#define uv__strdup zero__strdup
#define uv__strndup zero__strndup

#include "uv_alloc.c" /* found by -Ilib; NOLINT(bugprone-suspicious-include): see above */

#include "subject.h"

const struct subject subject_zero = SUBJECT(true);
