/* SPDX-License-Identifier: MIT */
/* Call stacks that are made up: who is to blame, and which are the same. */
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

static int open_symbols(void **state) {
  (void)state;
  return nomem__symbols_open(&symbols);
}

static int close_symbols(void **state) {
  (void)state;
  nomem__symbols_close(symbols);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_culprit),  cmocka_unit_test(test_same_file),        cmocka_unit_test(test_same_from),
      cmocka_unit_test(test_sameness), cmocka_unit_test(test_library_to_blame),
  };
  return cmocka_run_group_tests(tests, open_symbols, close_symbols);
}
