/* SPDX-License-Identifier: MIT */
/* Guarded blocks on kernels that have guard pages, and on those that have none. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static bool refuses_guard_pages;
static void (*before_call)(long number);

static long ask_kernel(long number, uintptr_t first, uint64_t second, long third, long fourth);

/* Whether a byte may be read, as the kernel sees it. */
static bool is_readable(const void *address) {
  static int ends[2] = {-1, -1};
  char byte;
  if (ends[0] < 0 && pipe(ends) != 0) abort();
  return write(ends[1], address, 1) == 1 && read(ends[0], &byte, 1) == 1;
}

#define CALL(number, first, second, third, fourth, ...) \
  ask_kernel(number, (uintptr_t)(first), (uint64_t)(second), (long)(third), (long)(fourth))
#define syscall(...) CALL(__VA_ARGS__, 0, 0, 0, 0)
#include "../../faults/inject/guarded_blocks.c"

/* What the kernel of a test answers. */
static long ask_kernel(long number, uintptr_t first, uint64_t second, long third, long fourth) {
  if (before_call != NULL) before_call(number);
  if (number == SYS_madvise && (third == GUARD_INSTALL || third == GUARD_REMOVE) && refuses_guard_pages) {
    errno = EINVAL;
    return -1;
  }
  return (syscall)(number, first, second, third, fourth); /* the function, not the macro */
}

static struct nomem_channel told;

/* Begins anew, on a kernel that refuses guard pages or does not; the one of this machine may be too old to have any. */
static void begin(bool refuses) {
  if (nomem__guarded_start != 0) munmap((void *)nomem__guarded_start, NOMEM_GUARDED_BYTES); /* NOLINT */
  nomem__guarded_start = 0;
  atomic_store(&count, 0);
  atomic_store(&used_bytes, 0);
  refuses_guard_pages = refuses;
  told = (struct nomem_channel){.guarded_from = 1};
  atomic_store(&told.counts_used, 1);
  atomic_store(&told.counts[0].calls[0], 1);
  assert_true(nomem__guarded_open(&told, true));
  if (!refuses && !has_guard_pages) skip();
  assert_int_equal(has_guard_pages, !refuses);
}

static void check_block(size_t size) {
  char *block = nomem__guarded_allocate(size, 16);
  assert_non_null(block);
  char *end = block + (size + 15) / 16 * 16;
  assert_int_equal((uintptr_t)end % NOMEM_GUARDED_PAGE, 0);
  assert_false(is_readable(end));
  assert_false(is_readable((char *)((uintptr_t)block / NOMEM_GUARDED_PAGE * NOMEM_GUARDED_PAGE) - 1)); /* NOLINT */
  for (size_t i = 0; i < size; i++) assert_int_equal(block[i], 0);
  memset(block, 'x', size);
  errno = EDOM;
  assert_true(nomem__guarded_close(block, size));
  assert_int_equal(errno, EDOM);
  if (size > 0) assert_false(is_readable(block));
}

/* The state of these two: whether the kernel refuses guard pages. */
static void sizes(void **state) {
  static const size_t list[] = {0, 1, 16, 4096, 4097, 100000, NOMEM_GUARDED_SIZE_MAX};
  begin(*(const bool *)*state);
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) check_block(list[i]);
  assert_null(nomem__guarded_allocate(NOMEM_GUARDED_SIZE_MAX + 1, 16));
}

/* So many that guard pages are made several times, all in use together, and nothing behind the last. */
static void many(void **state) {
  static char *blocks[NOMEM_GUARDED_BLOCKS];
  begin(*(const bool *)*state);
  for (size_t i = 0; i < NOMEM_GUARDED_BLOCKS; i++) {
    blocks[i] = nomem__guarded_allocate(5000, 16);
    assert_non_null(blocks[i]);
    memset(blocks[i], (int)(i % 100), 5000);
  }
  assert_null(nomem__guarded_allocate(1, 16));
  for (size_t i = 0; i < NOMEM_GUARDED_BLOCKS; i++) {
    assert_int_equal(blocks[i][0], i % 100);
    assert_int_equal(blocks[i][4999], i % 100);
    assert_false(is_readable(blocks[i] + 5008));
  }
  assert_false(is_readable(blocks[NOMEM_GUARDED_BLOCKS - 1] + 5008 + (1 << 20)));
}

/* A signal handler that allocates while guard pages are made gets a block that is not guarded, and takes none away. */
static void *from_handler = &from_handler;

static void allocate_meanwhile(long number) {
  if (number != SYS_mprotect) return;
  before_call = NULL;
  from_handler = nomem__guarded_allocate(NOMEM_GUARDED_SIZE_MAX, 16);
}

static void interrupted(void **state) {
  (void)state;
  begin(false);
  before_call = allocate_meanwhile;
  for (int i = 0; i < 8; i++) {
    char *block = nomem__guarded_allocate(NOMEM_GUARDED_SIZE_MAX, 16);
    assert_non_null(block);
    memset(block, 'x', NOMEM_GUARDED_SIZE_MAX);
  }
  assert_null(before_call);
  assert_null(from_handler);
  assert_int_equal(told.screening.unguarded_blocks, 1);
}

int main(void) {
  static bool never = false, always = true;
  const struct CMUnitTest tests[] = {
      {.name = "sizes, with guard pages", .test_func = sizes, .initial_state = &never},
      {.name = "sizes, without", .test_func = sizes, .initial_state = &always},
      {.name = "many, with guard pages", .test_func = many, .initial_state = &never},
      {.name = "many, without", .test_func = many, .initial_state = &always},
      cmocka_unit_test(interrupted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
