/* SPDX-License-Identifier: MIT */
/* lib/uv_alloc.c in both of its builds: what the contract test cannot see through libuv's public functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "uv_alloc.h"

/* The other build, with every name prefixed, beside the one that is linked. */
#define uv_replace_allocator null_uv_replace_allocator
#define uv__malloc null_uv__malloc
#define uv__calloc null_uv__calloc
#define uv__realloc null_uv__realloc
#define uv__reallocf null_uv__reallocf
#define uv__free null_uv__free
#define uv__strdup null_uv__strdup
#define uv__strndup null_uv__strndup
#define UV_ALLOC_ZERO_SIZE_IS_NULL
#undef NOMEM_LIB_UV_ALLOC_H
#include "../../lib/uv_alloc.c"
#undef uv_replace_allocator
#undef uv__malloc
#undef uv__calloc
#undef uv__realloc
#undef uv__reallocf
#undef uv__free
#undef uv__strdup
#undef uv__strndup

enum { MALLOCS, REALLOCS, CALLOCS, FREES, FUNCTIONS };
static unsigned calls[FUNCTIONS];
static size_t last_size;
static void *last_ptr;
static void *answer; /* what the replacements return */

static void *recording_malloc(size_t size) {
  calls[MALLOCS]++;
  last_size = size;
  errno = ENOBUFS;
  return answer;
}

static void *recording_realloc(void *ptr, size_t size) {
  calls[REALLOCS]++;
  last_ptr = ptr;
  last_size = size;
  errno = ENOBUFS;
  return answer;
}

static void *recording_calloc(size_t count, size_t size) {
  calls[CALLOCS]++;
  last_size = count ^ size;
  errno = ENOBUFS;
  return answer;
}

static void recording_free(void *ptr) {
  calls[FREES]++;
  last_ptr = ptr;
  errno = EIO;
}

static char block[64];

static int replace_both(void **state) {
  (void)state;
  memset(calls, 0, sizeof(calls));
  last_size = 77;
  last_ptr = calls;
  answer = block;
  return uv_replace_allocator(recording_malloc, recording_realloc, recording_calloc, recording_free) |
         null_uv_replace_allocator(recording_malloc, recording_realloc, recording_calloc, recording_free);
}

static void expect_calls(unsigned mallocs, unsigned reallocs, unsigned callocs, unsigned frees) {
  assert_int_equal(calls[MALLOCS], mallocs);
  assert_int_equal(calls[REALLOCS], reallocs);
  assert_int_equal(calls[CALLOCS], callocs);
  assert_int_equal(calls[FREES], frees);
}

/* By default a size of 0 reaches the replacement like any other. */
static void size_zero_passes_through(void **state) {
  (void)state;
  assert_ptr_equal(uv__malloc(0), block);
  assert_int_equal(last_size, 0);
  assert_ptr_equal(uv__calloc(0, 5), block);
  assert_int_equal(last_size, 5);
  last_size = 77;
  assert_ptr_equal(uv__realloc(block + 1, 0), block);
  assert_int_equal(last_size, 0);
  assert_ptr_equal(last_ptr, block + 1);
  expect_calls(1, 1, 1, 0);
}

/* Built libuv's way, malloc and realloc answer a size of 0 themselves, realloc frees, and errno stays. */
static void size_zero_is_null_when_built_so(void **state) {
  (void)state;
  errno = ERANGE;
  assert_null(null_uv__malloc(0));
  expect_calls(0, 0, 0, 0);
  assert_null(null_uv__realloc(block, 0));
  expect_calls(0, 0, 0, 1);
  assert_ptr_equal(last_ptr, block);
  assert_null(null_uv__realloc(NULL, 0));
  expect_calls(0, 0, 0, 2);
  assert_null(last_ptr);
  assert_null(null_uv__reallocf(block, 0));
  expect_calls(0, 0, 0, 3);
  assert_int_equal(errno, ERANGE);
}

/* Built libuv's way, everything else passes through as by default, calloc of 0 included. */
static void other_sizes_pass_through_when_built_so(void **state) {
  (void)state;
  assert_ptr_equal(null_uv__malloc(1), block);
  assert_ptr_equal(null_uv__realloc(block, 1), block);
  assert_ptr_equal(null_uv__calloc(0, 5), block);
  assert_ptr_equal(null_uv__calloc(5, 0), block);
  null_uv__free(block);
  expect_calls(1, 1, 2, 1);
}

/* Sizes that no allocator can serve, and a product that overflows, are the replacement's to refuse. */
static void huge_sizes_pass_through(void **state) {
  (void)state;
  answer = NULL;
  assert_null(uv__malloc(SIZE_MAX));
  assert_int_equal(last_size, SIZE_MAX);
  assert_null(uv__calloc(SIZE_MAX, 2));
  assert_int_equal(last_size, SIZE_MAX ^ 2);
  assert_null(uv__realloc(block, SIZE_MAX));
  assert_int_equal(last_size, SIZE_MAX);
  expect_calls(1, 1, 1, 0);
}

/* The errno that malloc, calloc and realloc leave is the replacement's, with and without a failure. */
static void errno_of_the_replacement_comes_through(void **state) {
  (void)state;
  for (int failing = 0; failing < 2; failing++) {
    answer = failing ? NULL : block;
    errno = 0;
    (void)uv__malloc(8);
    assert_int_equal(errno, ENOBUFS);
    errno = 0;
    (void)uv__calloc(2, 4);
    assert_int_equal(errno, ENOBUFS);
    errno = 0;
    (void)uv__realloc(block, 8);
    assert_int_equal(errno, ENOBUFS);
  }
}

/* A failed realloc frees nothing; a failed reallocf frees the old block, keeping the failure's errno. */
static void only_reallocf_frees_on_failure(void **state) {
  (void)state;
  answer = NULL;
  assert_null(uv__realloc(block, 8));
  expect_calls(0, 1, 0, 0);
  errno = 0;
  assert_null(uv__reallocf(block, 8));
  expect_calls(0, 2, 0, 1);
  assert_ptr_equal(last_ptr, block);
  assert_int_equal(errno, ENOBUFS);
}

/* reallocf frees nothing after a success, nor after a size of 0, where the replacement may have freed already. */
static void reallocf_never_frees_twice(void **state) {
  (void)state;
  answer = block + 1;
  assert_ptr_equal(uv__reallocf(block, 8), block + 1);
  answer = NULL;
  assert_null(uv__reallocf(block, 0));
  expect_calls(0, 2, 0, 0);
}

/* strdup and strndup ask for exactly the bytes they write, NUL included, and copy them. */
static void strings_are_copied(void **state) {
  (void)state;
  const struct {
    const char *string, *copy;
    size_t max_bytes;
  } cases[] = {{"abc", "abc", 10}, {"abc", "abc", 3}, {"abc", "ab", 2}, {"abc", "", 0}, {"", "", 5}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    memset(block, '#', sizeof(block));
    assert_ptr_equal(uv__strndup(cases[i].string, cases[i].max_bytes), block);
    assert_string_equal(block, cases[i].copy);
    assert_int_equal(last_size, strlen(cases[i].copy) + 1);
    assert_int_equal(block[last_size], '#');
  }
  memset(block, '#', sizeof(block));
  assert_ptr_equal(uv__strdup("abcd"), block);
  assert_memory_equal(block, "abcd\0#", 6);
  assert_int_equal(last_size, 5);
}

/* strndup does not read past max_bytes: here the string is cut off by a page that cannot be read. */
static void strndup_reads_no_further(void **state) {
  (void)state;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(pages, MAP_FAILED);
  assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
  char *unterminated = pages + page - 3;
  memcpy(unterminated, "xyz", 3);
  assert_ptr_equal(uv__strndup(unterminated, 3), block);
  assert_string_equal(block, "xyz");
  assert_int_equal(munmap(pages, 2 * page), 0);
}

/* When the allocation fails, strdup and strndup return NULL and write nothing. */
static void strings_fail_with_malloc(void **state) {
  (void)state;
  answer = NULL;
  memset(block, '#', sizeof(block));
  assert_null(uv__strdup("abc"));
  assert_null(uv__strndup("abc", 2));
  expect_calls(2, 0, 0, 0);
  assert_int_equal(block[0], '#');
}

#define TEST(function) cmocka_unit_test_setup(function, replace_both)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(size_zero_passes_through),
      TEST(size_zero_is_null_when_built_so),
      TEST(other_sizes_pass_through_when_built_so),
      TEST(huge_sizes_pass_through),
      TEST(errno_of_the_replacement_comes_through),
      TEST(only_reallocf_frees_on_failure),
      TEST(reallocf_never_frees_twice),
      TEST(strings_are_copied),
      TEST(strndup_reads_no_further),
      TEST(strings_fail_with_malloc),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
