/* SPDX-License-Identifier: MIT */
/* The failing allocator linked into a program whose malloc no preload can replace.
 *
 * clang links its sanitizers into the program, where malloc is a weak name for __interceptor_malloc: the malloc here
 * takes precedence and calls that. Where no sanitizer is linked, it calls the C library's own by its second name. A few
 * functions of the sanitizers allocate without calling malloc; they are here, too.
 *
 * Nothing is looked up and nothing is stored, so this works before relocation is done, in constructors and in static
 * programs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../nomem.h"
#include "hostile.h"
#include "injector.h"

#define EXPORT __attribute__((visibility("default")))
#define WEAK __attribute__((weak))

bool nomem__sizes_known = true;
bool nomem__blocks_are_glibc = false;

/* NULL where no sanitizer is linked, or where it lacks that function. */
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

/* The usual call is a load and a jump, so that the stacks that a sanitizer records begin at the program's own call. */
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

static void *under_malloc(size_t size) {
  return UNDER(malloc, size);
}

static void *under_calloc(size_t size) {
  return UNDER(calloc, 1, size);
}

static void *under_realloc(void *block, size_t size) {
  return UNDER(realloc, block, size);
}

static void under_free(void *block) {
  UNDER(free, block);
}

/* How a call is served that does not fail: see hostile.h. */
#define WAYS(fn, block, size) nomem__hostile_ways(fn, block, size, true, return_address, cfa)
#define WAYS_HERE(fn, block, size) nomem__hostile_ways(fn, block, size, true, HERE)

static const struct nomem__under under = {.allocate = under_malloc,
                                          .allocate_zeros = under_calloc,
                                          .reallocate = under_realloc,
                                          .release = under_free,
                                          .size_of = malloc_usable_size};

BUSY void *serve_in_ways(size_t size, uint32_t ways) {
  if (ways & NOMEM_HOSTILE_ZERO) return NULL;
  void *block = served(nomem__hostile_allocate(&under, size, ways), 0);
  nomem__hostile_end(block != NULL, ways);
  return block;
}

/* A block that has an alignment. */
static void *finish_aligned(void *block, size_t size, uint32_t ways) {
  nomem__hostile_fill(&under, block, size, ways);
  nomem__hostile_end(block != NULL, ways);
  return served(block, 0);
}

BUSY void *busy_malloc(size_t size, void *return_address, void *cfa) {
  if (FAILS(NOMEM_FN_MALLOC, size, 0)) return fail();
  uint32_t ways = WAYS(NOMEM_FN_MALLOC, NULL, size);
  if (__builtin_expect(ways != 0, 0)) return serve_in_ways(size, ways);
  return nomem__keeps_live() ? served(UNDER(malloc, size), 0) : UNDER(malloc, size);
}

EXPORT void *malloc(size_t size) {
  return is_idle() ? UNDER(malloc, size) : busy_malloc(size, HERE);
}

/* This very malloc, whichever function of that name the process calls. (An alias in C would need malloc's attributes,
 * and those differ between compilers.) */
__asm__(".globl nomem__own_malloc\n.hidden nomem__own_malloc\n.set nomem__own_malloc, malloc");

BUSY void *busy_calloc(size_t count, size_t size, void *return_address, void *cfa) {
  size_t bytes;
  bool overflows = __builtin_mul_overflow(count, size, &bytes);
  if (!overflows && FAILS(NOMEM_FN_CALLOC, bytes, 0)) return fail();
  uint32_t ways = overflows ? 0 : WAYS(NOMEM_FN_CALLOC, NULL, bytes);
  if (ways & NOMEM_HOSTILE_ZERO) return NULL;
  if (__builtin_expect(ways != 0, 0)) {
    void *block = served(nomem__hostile_allocate_zeros(&under, bytes, ways), 0);
    nomem__hostile_end(block != NULL, ways);
    return block;
  }
  return nomem__keeps_live() ? served(UNDER(calloc, count, size), 0) : UNDER(calloc, count, size);
}

EXPORT void *calloc(size_t count, size_t size) {
  return is_idle() ? UNDER(calloc, count, size) : busy_calloc(count, size, HERE);
}

static void *real_realloc(void *ptr, size_t size, size_t released, uint32_t ways) {
  if (__builtin_expect(ways != 0, 0) && ptr == NULL) return serve_in_ways(size, ways);
  void *block =
      __builtin_expect(ways != 0, 0) ? nomem__hostile_reallocate(&under, ptr, size, ways) : UNDER(realloc, ptr, size);
  if (block == NULL && size != 0) return NULL;
  nomem__hostile_end(block != NULL, ways);
  return served(block, released);
}

/* A size of 0 frees a block: a failure could not be distinguished from success. */
BUSY void *busy_realloc(void *ptr, size_t size, void *return_address, void *cfa) {
  size_t released = live_size(ptr);
  if ((ptr == NULL || size != 0) && FAILS(NOMEM_FN_REALLOC, size, released)) return fail();
  uint32_t ways = WAYS(NOMEM_FN_REALLOC, ptr, size);
  if (!nomem__keeps_live() && ways == 0) return UNDER(realloc, ptr, size);
  return real_realloc(ptr, size, released, ways);
}

EXPORT void *realloc(void *ptr, size_t size) {
  return is_idle() ? UNDER(realloc, ptr, size) : busy_realloc(ptr, size, HERE);
}

EXPORT void *reallocarray(void *ptr, size_t count, size_t size) {
  size_t bytes, released = live_size(ptr);
  if (__builtin_mul_overflow(count, size, &bytes))
    return &__interceptor_reallocarray != NULL ? __interceptor_reallocarray(ptr, count, size) : fail();
  if ((ptr == NULL || bytes != 0) && nomem__fails(NOMEM_FN_REALLOCARRAY, bytes, released, HERE)) return fail();
  return real_realloc(ptr, bytes, released, WAYS_HERE(NOMEM_FN_REALLOCARRAY, ptr, bytes));
}

/* Frees are counted, and sizes looked up, only where the command wants them. */
EXPORT void free(void *ptr) {
  uint32_t mode = atomic_load_explicit(&nomem__mode, memory_order_relaxed);
  if (__builtin_expect((mode & (NOMEM_MODE_COUNT | NOMEM_MODE_LIVE)) != 0, 0)) {
    nomem__count_free();
    nomem__live_add(-(int64_t)live_size(ptr));
    if ((mode & NOMEM_MODE_HOSTILE) && ptr != NULL)
      nomem__hostile_release(&under, ptr, WAYS_HERE(NOMEM_FN_COUNT, ptr, malloc_usable_size(ptr)));
  }
  UNDER(free, ptr);
}

static void *aligned(size_t alignment, size_t size) {
  return &__interceptor_memalign != NULL ? __interceptor_memalign(alignment, size) : __libc_memalign(alignment, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) {
  if (nomem__fails(NOMEM_FN_ALIGNED_ALLOC, size, 0, HERE)) return fail();
  uint32_t ways = WAYS_HERE(NOMEM_FN_ALIGNED_ALLOC, NULL, size);
  if (ways & NOMEM_HOSTILE_ZERO) return NULL;
  return finish_aligned(
      &__interceptor_aligned_alloc != NULL ? __interceptor_aligned_alloc(alignment, size) : aligned(alignment, size),
      size, ways);
}

/* As in POSIX the error is returned, and errno stays; as in glibc *out stays, too. A bad alignment does not reach the
 * plan: it is an error as always. */
EXPORT int posix_memalign(void **out, size_t alignment, size_t size) {
  bool valid = alignment % sizeof(void *) == 0 && alignment != 0 && (alignment & (alignment - 1)) == 0;
  if (valid && nomem__fails(NOMEM_FN_POSIX_MEMALIGN, size, 0, HERE)) return ENOMEM;
  uint32_t ways = valid ? WAYS_HERE(NOMEM_FN_POSIX_MEMALIGN, NULL, size) : 0;
  if (ways & NOMEM_HOSTILE_ZERO) {
    *out = NULL;
    return 0;
  }
  if (&__interceptor_posix_memalign != NULL) {
    int result = __interceptor_posix_memalign(out, alignment, size);
    if (result == 0) finish_aligned(*out, size, ways);
    return result;
  }
  if (!valid) return EINVAL;
  int saved_errno = errno;
  void *block = finish_aligned(__libc_memalign(alignment, size), size, ways);
  errno = saved_errno;
  if (block == NULL) return ENOMEM;
  *out = block;
  return 0;
}

EXPORT void *memalign(size_t alignment, size_t size) {
  if (nomem__fails(NOMEM_FN_MEMALIGN, size, 0, HERE)) return fail();
  uint32_t ways = WAYS_HERE(NOMEM_FN_MEMALIGN, NULL, size);
  return finish_aligned(aligned(alignment, size), size, ways);
}

EXPORT void *valloc(size_t size) {
  if (nomem__fails(NOMEM_FN_VALLOC, size, 0, HERE)) return fail();
  uint32_t ways = WAYS_HERE(NOMEM_FN_VALLOC, NULL, size);
  return finish_aligned(UNDER(valloc, size), size, ways);
}

EXPORT void *pvalloc(size_t size) {
  if (nomem__fails(NOMEM_FN_PVALLOC, size, 0, HERE)) return fail();
  uint32_t ways = WAYS_HERE(NOMEM_FN_PVALLOC, NULL, size);
  return finish_aligned(UNDER(pvalloc, size), size, ways);
}

/* The copy that strdup and strndup make. */
static char *copy_text(const char *text, size_t length) {
  char *copy = served(UNDER(malloc, length + 1), 0);
  if (copy == NULL) return NULL;
  memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

/* AddressSanitizer's strdup allocates by itself; those of other sanitizers call the C library's, which calls malloc. */
EXPORT char *strdup(const char *text) {
  bool allocates = &__asan_init != NULL || &__interceptor_strdup == NULL;
  if (allocates && !is_idle() && nomem__fails(NOMEM_FN_MALLOC, strlen(text) + 1, 0, HERE)) return fail();
  if (&__interceptor_strdup == NULL) return copy_text(text, strlen(text));
  return served(__interceptor_strdup(text), 0);
}

EXPORT char *strndup(const char *text, size_t length) {
  if (!is_idle() && nomem__fails(NOMEM_FN_MALLOC, strnlen(text, length) + 1, 0, HERE)) return fail();
  if (&__interceptor_strndup == NULL) return copy_text(text, strnlen(text, length));
  return served(__interceptor_strndup(text, length), 0);
}

/* The names that older headers use. (Compilers disagree about the attributes that an alias in C must have.) */
__asm__(".globl __strdup\n.set __strdup, strdup\n.globl __strndup\n.set __strndup, strndup");

/* The C library's own realpath, called by the name that checks the buffer, calls malloc itself. */
EXPORT char *realpath(const char *path, char *resolved) {
  if (&__interceptor_realpath == NULL) return __realpath_chk(path, resolved, SIZE_MAX);
  if (resolved == NULL && nomem__fails(NOMEM_FN_MALLOC, PATH_MAX + 1, 0, HERE)) return fail();
  char *found = __interceptor_realpath(path, resolved);
  return resolved == NULL ? served(found, 0) : found;
}
