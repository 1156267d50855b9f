/* SPDX-License-Identifier: MIT */
/* The replaceable allocator of libuv, on its own: four function pointers and the wrappers that call them.
 *
 * Source of the contract: libuv's src/uv-common.c and docs/src/misc.rst. Include <uv.h> before this header when a file
 * needs both; the declarations agree.
 *
 * Threads: uv_replace_allocator must not run at the same time as any other call here (libuv says the same: call it
 * once, before anything is allocated). The wrappers are as thread-safe as the functions they call.
 */
#ifndef NOMEM_LIB_UV_ALLOC_H
#define NOMEM_LIB_UV_ALLOC_H

#include <errno.h>
#include <stddef.h>

#include "nomem_version.h"

#ifndef UV_H
#define UV_EINVAL (-EINVAL)
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef void *(*uv_malloc_func)(size_t size);
typedef void *(*uv_realloc_func)(void *ptr, size_t size);
typedef void *(*uv_calloc_func)(size_t count, size_t size);
typedef void (*uv_free_func)(void *ptr);

/* Has every later call of the wrappers go to these four. Returns 0, or UV_EINVAL when any of the four is NULL, and then
 * replaces none. Does not allocate; leaves errno alone. A block must go back to the allocator it came from. */
int uv_replace_allocator(uv_malloc_func malloc_func, uv_realloc_func realloc_func, uv_calloc_func calloc_func,
                         uv_free_func free_func);

/* The wrappers pass their arguments on unchanged and return what comes back; errno is whatever the replacement left.
 * Sizes are in bytes. Built with -DUV_ALLOC_ZERO_SIZE_IS_NULL they handle a size of 0 themselves, as libuv has done
 * since 1.24: uv__malloc returns NULL without a call, uv__realloc frees the block and returns NULL. */
void *uv__malloc(size_t size);
void *uv__calloc(size_t count, size_t size);

/* On NULL the old block is still the caller's, with its contents, unless size was 0. */
void *uv__realloc(void *ptr, size_t size);

/* As uv__realloc, but a failure frees the old block. With a size of 0 it may free it without a failure: whatever is
 * returned, the caller must not use ptr again. */
void *uv__reallocf(void *ptr, size_t size);

/* Frees the block. NULL is passed on, too. errno keeps its value whatever the replacement does to it. */
void uv__free(void *ptr);

/* A copy from uv__malloc, owned by the caller, or NULL when that failed. uv__strndup copies at most max_bytes bytes
 * and always adds a terminating NUL. */
char *uv__strdup(const char *string);
char *uv__strndup(const char *string, size_t max_bytes);

#ifdef __cplusplus
}
#endif

#endif
