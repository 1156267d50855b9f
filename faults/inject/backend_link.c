/* SPDX-License-Identifier: MIT */
/* The failing allocator linked into a program whose malloc no preload can stand in front of.
 *
 * The sanitizers of clang are part of the program, and their malloc is a weak name for __interceptor_malloc: the one
 * here takes its place and calls that. Where no sanitizer is linked, the C library's own is called by its second name.
 * A few functions of the sanitizers allocate without passing through malloc; they are here too.
 *
 * Nothing is looked up and nothing is kept: right before relocation is done, in constructors and in static programs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../nomem.h"
#include "injector.h"

#define EXPORT __attribute__((visibility("default")))
#define WEAK __attribute__((weak))

bool nomem__sizes_known = true;
bool nomem__blocks_are_glibc = false;

/* NULL where no sanitizer is linked, or it does not have that one. */
extern void __asan_init(void) WEAK;
extern void *__interceptor_malloc(size_t) WEAK;
extern void *__interceptor_calloc(size_t, size_t) WEAK;
extern void *__interceptor_realloc(void *, size_t) WEAK;
extern void *__interceptor_reallocarray(void *, size_t, size_t) WEAK;
extern void *__interceptor_aligned_alloc(size_t, size_t) WEAK;
extern int __interceptor_posix_memalign(void **, size_t, size_t) WEAK;
extern void *__interceptor_memalign(size_t, size_t) WEAK;
extern void *__interceptor_valloc(size_t) WEAK;
extern void *__interceptor_pvalloc(size_t) WEAK;
extern void __interceptor_free(void *) WEAK;
extern char *__interceptor_strdup(const char *) WEAK;
extern char *__interceptor_strndup(const char *, size_t) WEAK;
extern char *__interceptor_realpath(const char *, char *) WEAK;

extern void *__libc_malloc(size_t) WEAK;
extern void *__libc_calloc(size_t, size_t) WEAK;
extern void *__libc_realloc(void *, size_t) WEAK;
extern void *__libc_memalign(size_t, size_t) WEAK;
extern void *__libc_valloc(size_t) WEAK;
extern void *__libc_pvalloc(size_t) WEAK;
extern void __libc_free(void *) WEAK;
extern char *__realpath_chk(const char *, char *, size_t);

#define UNDER(name, ...) \
  (&__interceptor_##name != NULL ? __interceptor_##name(__VA_ARGS__) : __libc_##name(__VA_ARGS__))

/* The usual call is a load and a jump: so the stacks that a sanitizer takes begin at the program's own call. */
static inline bool is_idle(void) {
  return __builtin_expect(atomic_load_explicit(&nomem__mode, memory_order_relaxed) == 0, 1);
}

#define BUSY __attribute__((noinline)) static
#define HERE __builtin_return_address(0), __builtin_dwarf_cfa()
#define FAILS(fn, size, released) nomem__fails(fn, size, released, return_address, cfa)

static size_t live_size(void *block) {
  return block != NULL && nomem__keeps_live() ? malloc_usable_size(block) : 0;
}

static inline void *served(void *block, size_t released_bytes) {
  nomem__live_add((int64_t)live_size(block) - (int64_t)released_bytes);
  return block;
}

static void *fail(void) {
  errno = ENOMEM;
  return NULL;
}

BUSY void *busy_malloc(size_t size, void *return_address, void *cfa) {
  if (FAILS(NOMEM_FN_MALLOC, size, 0)) return fail();
  return nomem__keeps_live() ? served(UNDER(malloc, size), 0) : UNDER(malloc, size);
}

EXPORT void *malloc(size_t size) {
  return is_idle() ? UNDER(malloc, size) : busy_malloc(size, HERE);
}

/* This very malloc, whichever one of that name the process calls. (As an alias of C, it would need malloc's attributes,
 * of which the compilers do not have the same.) */
__asm__(".globl nomem__own_malloc\n.hidden nomem__own_malloc\n.set nomem__own_malloc, malloc");

BUSY void *busy_calloc(size_t count, size_t size, void *return_address, void *cfa) {
  size_t bytes;
  bool overflows = __builtin_mul_overflow(count, size, &bytes);
  if (!overflows && FAILS(NOMEM_FN_CALLOC, bytes, 0)) return fail();
  return nomem__keeps_live() ? served(UNDER(calloc, count, size), 0) : UNDER(calloc, count, size);
}

EXPORT void *calloc(size_t count, size_t size) {
  return is_idle() ? UNDER(calloc, count, size) : busy_calloc(count, size, HERE);
}

/* A size of 0 frees a block: whether that "failed" could not be told from its success. */
BUSY void *busy_realloc(void *ptr, size_t size, void *return_address, void *cfa) {
  size_t released = live_size(ptr);
  if ((ptr == NULL || size != 0) && FAILS(NOMEM_FN_REALLOC, size, released)) return fail();
  if (!nomem__keeps_live()) return UNDER(realloc, ptr, size);
  void *block = UNDER(realloc, ptr, size);
  return block == NULL && size != 0 ? NULL : served(block, released);
}

EXPORT void *realloc(void *ptr, size_t size) {
  return is_idle() ? UNDER(realloc, ptr, size) : busy_realloc(ptr, size, HERE);
}

EXPORT void *reallocarray(void *ptr, size_t count, size_t size) {
  size_t bytes, released = live_size(ptr);
  if (__builtin_mul_overflow(count, size, &bytes))
    return &__interceptor_reallocarray != NULL ? __interceptor_reallocarray(ptr, count, size) : fail();
  if ((ptr == NULL || bytes != 0) && nomem__fails(NOMEM_FN_REALLOCARRAY, bytes, released, HERE)) return fail();
  void *block = UNDER(realloc, ptr, bytes);
  return block == NULL && bytes != 0 ? NULL : served(block, released);
}

/* Blocks are counted, and their sizes asked for, only where somebody keeps count. */
EXPORT void free(void *ptr) {
  uint32_t mode = atomic_load_explicit(&nomem__mode, memory_order_relaxed);
  if (__builtin_expect((mode & (NOMEM_MODE_COUNT | NOMEM_MODE_LIVE)) != 0, 0)) {
    nomem__count_free();
    nomem__live_add(-(int64_t)live_size(ptr));
  }
  UNDER(free, ptr);
}

static void *aligned(size_t alignment, size_t size) {
  return &__interceptor_memalign != NULL ? __interceptor_memalign(alignment, size) : __libc_memalign(alignment, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) {
  if (nomem__fails(NOMEM_FN_ALIGNED_ALLOC, size, 0, HERE)) return fail();
  if (&__interceptor_aligned_alloc != NULL) return served(__interceptor_aligned_alloc(alignment, size), 0);
  return served(aligned(alignment, size), 0);
}

/* POSIX: the error is returned; errno and, as glibc does it, *out stay as they are. A bad alignment is not for the
 * plan: it is refused as ever. */
EXPORT int posix_memalign(void **out, size_t alignment, size_t size) {
  bool valid = alignment % sizeof(void *) == 0 && alignment != 0 && (alignment & (alignment - 1)) == 0;
  if (valid && nomem__fails(NOMEM_FN_POSIX_MEMALIGN, size, 0, HERE)) return ENOMEM;
  if (&__interceptor_posix_memalign != NULL) {
    int result = __interceptor_posix_memalign(out, alignment, size);
    if (result == 0) served(*out, 0);
    return result;
  }
  if (!valid) return EINVAL;
  int saved_errno = errno;
  void *block = served(__libc_memalign(alignment, size), 0);
  errno = saved_errno;
  if (block == NULL) return ENOMEM;
  *out = block;
  return 0;
}

EXPORT void *memalign(size_t alignment, size_t size) {
  if (nomem__fails(NOMEM_FN_MEMALIGN, size, 0, HERE)) return fail();
  return served(aligned(alignment, size), 0);
}

EXPORT void *valloc(size_t size) {
  if (nomem__fails(NOMEM_FN_VALLOC, size, 0, HERE)) return fail();
  return served(UNDER(valloc, size), 0);
}

EXPORT void *pvalloc(size_t size) {
  if (nomem__fails(NOMEM_FN_PVALLOC, size, 0, HERE)) return fail();
  return served(UNDER(pvalloc, size), 0);
}

/* The copy of length bytes that strdup and strndup make. */
static char *copied(const char *text, size_t length) {
  char *copy = served(UNDER(malloc, length + 1), 0);
  if (copy == NULL) return NULL;
  memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

/* AddressSanitizer's allocates by itself; the others' ask the C library's, which comes to malloc. */
EXPORT char *strdup(const char *text) {
  bool allocates = &__asan_init != NULL || &__interceptor_strdup == NULL;
  if (allocates && !is_idle() && nomem__fails(NOMEM_FN_MALLOC, strlen(text) + 1, 0, HERE)) return fail();
  if (&__interceptor_strdup == NULL) return copied(text, strlen(text));
  return served(__interceptor_strdup(text), 0);
}

EXPORT char *strndup(const char *text, size_t length) {
  if (!is_idle() && nomem__fails(NOMEM_FN_MALLOC, strnlen(text, length) + 1, 0, HERE)) return fail();
  if (&__interceptor_strndup == NULL) return copied(text, strnlen(text, length));
  return served(__interceptor_strndup(text, length), 0);
}

/* The names that older headers make of them. (The compilers disagree about attributes that such an alias must have.) */
__asm__(".globl __strdup\n.set __strdup, strdup\n.globl __strndup\n.set __strndup, strndup");

/* The C library's own, asked for by the name that checks the buffer, calls malloc itself. */
EXPORT char *realpath(const char *path, char *resolved) {
  if (&__interceptor_realpath == NULL) return __realpath_chk(path, resolved, SIZE_MAX);
  if (resolved == NULL && nomem__fails(NOMEM_FN_MALLOC, PATH_MAX + 1, 0, HERE)) return fail();
  char *path_found = __interceptor_realpath(path, resolved);
  return resolved == NULL ? served(path_found, 0) : path_found;
}
