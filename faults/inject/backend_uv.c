/* SPDX-License-Identifier: MIT */
/* The failing allocator behind libuv's uv_replace_allocator, or any function with its signature, as that of lib/. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "../nomem.h"
#include "hostile.h"
#include "injector.h"

_Atomic uint32_t nomem__mode = 0;
bool nomem__sizes_known = true;
bool nomem__blocks_are_glibc = false;

/* Serves the calls that do not fail. */
static struct {
  nomem_malloc_func malloc;
  nomem_realloc_func realloc;
  nomem_calloc_func calloc;
  nomem_free_func free;
  nomem_size_func size_of;
} under = {malloc, realloc, calloc, free, malloc_usable_size};

#define FAILS(fn, size, released) nomem__fails(fn, size, released, __builtin_return_address(0), __builtin_dwarf_cfa())

/* How a call is served that does not fail: see hostile.h. */
#define WAYS(fn, block, size) \
  nomem__hostile_ways(fn, block, size, under.size_of != NULL, __builtin_return_address(0), __builtin_dwarf_cfa())

static size_t size_of(void *block) {
  return block != NULL && nomem__keeps_live() && under.size_of != NULL ? under.size_of(block) : 0;
}

static void *served(void *block, size_t released_bytes) {
  if (nomem__keeps_live()) nomem__live_add((int64_t)size_of(block) - (int64_t)released_bytes);
  return block;
}

static void *fail(void) {
  errno = ENOMEM;
  return NULL;
}

/* A NULL that no plan asked for must come with ENOMEM, too. */
static void *checked(void *block, size_t size) {
  if (block == NULL && size != 0 && errno != ENOMEM) nomem__count_errno();
  return block;
}

static void *allocate_zeros(size_t size) {
  return under.calloc(1, size);
}

static struct nomem__under find_under(void) {
  return (struct nomem__under){.allocate = under.malloc,
                               .allocate_zeros = allocate_zeros,
                               .reallocate = under.realloc,
                               .release = under.free,
                               .size_of = under.size_of};
}

static void *serve_in_ways(size_t size, uint32_t ways) {
  const struct nomem__under real = find_under();
  if (ways & NOMEM_HOSTILE_ZERO) return NULL;
  void *block = served(checked(nomem__hostile_allocate(&real, size, ways), size), 0);
  nomem__hostile_end(block != NULL, ways);
  return block;
}

static void *zeros_in_ways(size_t bytes, uint32_t ways) {
  const struct nomem__under real = find_under();
  return nomem__hostile_allocate_zeros(&real, bytes, ways);
}

static void *reallocate_in_ways(void *ptr, size_t size, uint32_t ways) {
  const struct nomem__under real = find_under();
  return nomem__hostile_reallocate(&real, ptr, size, ways);
}

static void *failing_malloc(size_t size) {
  if (FAILS(NOMEM_FN_MALLOC, size, 0)) return fail();
  uint32_t ways = WAYS(NOMEM_FN_MALLOC, NULL, size);
  return ways != 0 ? serve_in_ways(size, ways) : served(checked(under.malloc(size), size), 0);
}

/* The allocator below may not check the multiplication, so it is checked here. */
static void *failing_calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return fail();
  if (FAILS(NOMEM_FN_CALLOC, bytes, 0)) return fail();
  uint32_t ways = WAYS(NOMEM_FN_CALLOC, NULL, bytes);
  if (ways & NOMEM_HOSTILE_ZERO) return NULL;
  void *block = ways != 0 ? zeros_in_ways(bytes, ways) : under.calloc(count, size);
  served(checked(block, bytes), 0);
  nomem__hostile_end(block != NULL, ways);
  return block;
}

/* A size of 0 frees: a failure could not be distinguished from success. */
static void *failing_realloc(void *ptr, size_t size) {
  size_t released = size_of(ptr);
  if ((ptr == NULL || size != 0) && FAILS(NOMEM_FN_REALLOC, size, released)) return fail();
  uint32_t ways = WAYS(NOMEM_FN_REALLOC, ptr, size);
  if (ways != 0 && ptr == NULL) return serve_in_ways(size, ways);
  void *block = ways != 0 ? reallocate_in_ways(ptr, size, ways) : under.realloc(ptr, size);
  if (checked(block, size) == NULL && size != 0) return NULL;
  served(block, released);
  nomem__hostile_end(block != NULL, ways);
  return block;
}

static void failing_free(void *ptr) {
  nomem__count_free();
  if (nomem__keeps_live()) nomem__live_add(-(int64_t)size_of(ptr));
  if (nomem__is_hostile() && ptr != NULL && under.size_of != NULL) {
    const struct nomem__under real = find_under();
    nomem__hostile_release(&real, ptr, WAYS(NOMEM_FN_COUNT, ptr, under.size_of(ptr)));
  }
  int saved_errno = errno;
  under.free(ptr);
  if (errno != saved_errno) nomem__count_errno();
}

int nomem_install_over(nomem_replace_func replace, nomem_malloc_func malloc_func, nomem_realloc_func realloc_func,
                       nomem_calloc_func calloc_func, nomem_free_func free_func, nomem_size_func size_func) {
  if (replace == NULL || malloc_func == NULL || realloc_func == NULL || calloc_func == NULL || free_func == NULL)
    return -EINVAL;
  int result = replace(failing_malloc, failing_realloc, failing_calloc, failing_free);
  if (result != 0) return result;
  under.malloc = malloc_func;
  under.realloc = realloc_func;
  under.calloc = calloc_func;
  under.free = free_func;
  under.size_of = size_func;
  nomem__sizes_known = size_func != NULL;
  return 0;
}

int nomem_install(nomem_replace_func replace) {
  return nomem_install_over(replace, malloc, realloc, calloc, free, malloc_usable_size);
}
