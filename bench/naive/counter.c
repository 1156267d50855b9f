/* SPDX-License-Identifier: MIT */
/* What people write themselves: a preloaded library that fails the NAIVE_FAIL_AT-th allocation. For bench/naive.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern char **environ;

static long seen, fail_at = -1;

static int fails(void) {
  if (fail_at < 0 && environ != NULL) {
    const char *text = getenv("NAIVE_FAIL_AT");
    fail_at = text != NULL ? atol(text) : 0;
  }
  if (++seen != fail_at) return 0;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t size) {
  return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *ptr, size_t size) {
  return fails() ? NULL : __libc_realloc(ptr, size);
}
