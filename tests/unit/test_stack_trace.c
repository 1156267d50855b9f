/* SPDX-License-Identifier: MIT */
/* Call stacks that are made up: who is to blame, and which are the same. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explore/stack/stack_trace.h"

#define LIBC "/nowhere/libc.so.6"
#define CXX "/nowhere/libstdc++.so.6"
#define LIBRARY "/nowhere/libx.so.2"
#define PROGRAM "/nowhere/program"

extern const char _start, __executable_start; /* the linker's */

static struct nomem__symbols *symbols;

#define FRAMES(...)               \
  (struct nomem__trace_frame[]) { \
    __VA_ARGS__                   \
  }
#define TRACE(...)                                                                                    \
  {                                                                                                   \
    .depth = sizeof FRAMES(__VA_ARGS__) / sizeof(struct nomem__trace_frame), .frame = { __VA_ARGS__ } \
  }

/* The first frame outside the run-times is to blame; code outside every module is nobody's. */
static void test_culprit(void **state) {
  (void)state;
  const struct nomem__trace trace =
      TRACE({"", 1, false}, {LIBC, 2, true}, {CXX, 3, true}, {LIBRARY, 4, true}, {PROGRAM, 5, true});
  assert_ptr_equal(nomem__trace_culprit(&trace), &trace.frame[3]);
  const struct nomem__trace none = TRACE({LIBC, 2, true}, {"", 1, false});
  assert_null(nomem__trace_culprit(&none));
}

/* A library has the name of a link and one of its own. */
static void test_same_file(void **state) {
  (void)state;
  assert_true(nomem__trace_is_same_file("/a/libx.so.1", "/b/libx.so.1.0.4"));
  assert_true(nomem__trace_is_same_file("/b/libx.so.1.0.4", "/a/libx.so.1"));
  assert_false(nomem__trace_is_same_file("/a/libx.so.1", "/a/liby.so.1"));
}

/* Stacks are compared from a frame of each outwards, as far as both are known. */
static void test_same_from(void **state) {
  (void)state;
  const struct nomem__trace a = TRACE({LIBRARY, 1, true}, {PROGRAM, 2, true}, {PROGRAM, 3, true});
  const struct nomem__trace b = TRACE({LIBC, 9, true}, {LIBRARY, 7, true}, {PROGRAM, 2, true}, {PROGRAM, 3, true});
  const struct nomem__trace cut = TRACE({LIBRARY, 7, true}, {PROGRAM, 2, true});
  const struct nomem__trace other = TRACE({LIBRARY, 1, true}, {PROGRAM, 2, true}, {PROGRAM, 4, true});
  assert_true(nomem__trace_is_same_from(&a, 1, &b, 2));
  assert_false(nomem__trace_is_same_from(&a, 0, &b, 1));
  assert_true(nomem__trace_is_same_from(&a, 1, &cut, 1));
  assert_false(nomem__trace_is_same_from(&a, 1, &other, 1));
}

/* The C library is to blame when the call that failed was made inside the very call that blew up, and only then. */
static void test_library_to_blame(void **state) {
  (void)state;
  const struct nomem__trace fault = TRACE({LIBC, 1, true}, {PROGRAM, 2, true}, {PROGRAM, 3, true});
  struct nomem__trace same = TRACE({LIBC, 8, false}, {LIBC, 7, true}, {PROGRAM, 2, true}, {PROGRAM, 3, true});
  struct nomem__trace later = TRACE({LIBC, 8, false}, {LIBC, 7, true}, {PROGRAM, 5, true}, {PROGRAM, 3, true});
  struct nomem__trace own = TRACE({PROGRAM, 2, true}, {PROGRAM, 3, true});
  assert_true(nomem__trace_blame_library(&same, &fault, symbols));
  assert_ptr_equal(nomem__trace_culprit(&same), &same.frame[1]);
  assert_false(nomem__trace_blame_library(&later, &fault, symbols));
  assert_ptr_equal(nomem__trace_culprit(&later), &later.frame[2]);
  assert_false(nomem__trace_blame_library(&own, &fault, symbols));
}

/* Two callers of one place are one thing or two, as is asked; so are two places of one function that loops. */
static void test_sameness(void **state) {
  (void)state;
  const struct nomem__trace one = TRACE({LIBC, 8, false}, {LIBRARY, 1, true}, {PROGRAM, 2, true});
  const struct nomem__trace other_depth = TRACE({LIBRARY, 1, true}, {PROGRAM, 2, true});
  const struct nomem__trace other_place = TRACE({LIBRARY, 6, true}, {PROGRAM, 2, true});
  assert_true(nomem__trace_hash(&one, symbols, NOMEM_SAME_LINE) ==
              nomem__trace_hash(&other_depth, symbols, NOMEM_SAME_LINE));
  assert_true(nomem__trace_hash(&one, symbols, NOMEM_SAME_LINE) !=
              nomem__trace_hash(&other_place, symbols, NOMEM_SAME_LINE));
  assert_true(nomem__trace_hash(&one, symbols, NOMEM_SAME_LOOP) ==
              nomem__trace_hash(&other_place, symbols, NOMEM_SAME_LOOP));
}

/* The offset of an address that this process has loaded, in the file that it comes from. */
static struct nomem__trace_frame frame_at(const void *address) {
  Dl_info info;
  assert_int_not_equal(dladdr(address, &info), 0);
  const char *path = info.dli_fname;
  if (info.dli_fbase == (void *)&__executable_start) path = nomem__symbols_keep_path(symbols, "/proc/self/exe");
  return (struct nomem__trace_frame){path, (uint64_t)((uintptr_t)address - (uintptr_t)info.dli_fbase), false};
}

/* The frames that start a process are not shown, whether they have names or not; those that only look alike are. */
static void test_start_up_is_not_shown(void **state) {
  (void)state;
  const struct nomem__trace_frame start = frame_at((const void *)&_start);
  const struct nomem__trace_frame libc_start = frame_at(dlsym(RTLD_DEFAULT, "__libc_start_main"));
  const struct nomem__trace_frame qsort_frame = frame_at(dlsym(RTLD_DEFAULT, "qsort"));
  const struct nomem__trace_frame here = frame_at((const void *)frame_at);
  const struct nomem__trace_frame nameless = {libc_start.path, UINT64_C(1) << 40, true};
  const struct nomem__trace named = TRACE(here, here, libc_start, start);
  assert_int_equal(nomem__trace_depth_shown(&named, symbols), 2);
  const struct nomem__trace stripped = TRACE({PROGRAM, 1, true}, nameless, libc_start, {PROGRAM, 2, true});
  assert_int_equal(nomem__trace_depth_shown(&stripped, symbols), 1);
  const struct nomem__trace in_library = TRACE(here, nameless, here, {LIBRARY, 2, true}, start);
  assert_int_equal(nomem__trace_depth_shown(&in_library, symbols), 4);
  const struct nomem__trace constructor = TRACE({PROGRAM, 1, true}, libc_start, start);
  assert_int_equal(nomem__trace_depth_shown(&constructor, symbols), 1);
  const struct nomem__trace by_library = TRACE({PROGRAM, 1, true}, qsort_frame, libc_start, start);
  assert_int_equal(nomem__trace_depth_shown(&by_library, symbols), 2);
  const struct nomem__trace without_main = TRACE({PROGRAM, 1, true}, {start.path, UINT64_C(1) << 40, true}, start);
  assert_int_equal(nomem__trace_depth_shown(&without_main, symbols), 2);
  const struct nomem__trace cut = TRACE({PROGRAM, 1, true}, nameless);
  assert_int_equal(nomem__trace_depth_shown(&cut, symbols), 2);
  const struct nomem__trace alone = TRACE(start);
  assert_int_equal(nomem__trace_depth_shown(&alone, symbols), 1);
}

static int open_symbols(void **state) {
  (void)state;
  symbols = nomem__symbols_open();
  return 0;
}

static int close_symbols(void **state) {
  (void)state;
  nomem__symbols_close(symbols);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_culprit),          cmocka_unit_test(test_same_file),
      cmocka_unit_test(test_same_from),        cmocka_unit_test(test_sameness),
      cmocka_unit_test(test_library_to_blame), cmocka_unit_test(test_start_up_is_not_shown),
  };
  return cmocka_run_group_tests(tests, open_symbols, close_symbols);
}
