/* SPDX-License-Identifier: MIT */
/* Which signals count that a program catches. */
#include "fixtures/recorded_run.h"

#include "../../faults/explore/judge/caught_signals.h"

#define LIBC "/lib/libc.so.6"
#define DEMO "/lib/libdemo.so.1"
#define APP "/w/build/app"

const struct recorded_function recorded_functions[] = {
    {.name = "memset", .module = LIBC},
    {.name = "raise", .module = LIBC},
    {.name = "abort", .module = LIBC},
    {.name = "std::terminate()", .module = "/lib/libstdc++.so.6", .written = "terminate"},
    {.name = "__cxa_allocate_exception", .module = "/lib/libstdc++.so.6"},
    {.name = "make", .module = DEMO, .file = "src/make.c"},
    {.name = "test_make", .module = APP, .file = "tests/make.c"},
    {.name = "main", .module = APP, .file = "src/main.c"},
    {0},
};

static const struct nomem__code_owners divided = {.is_divided = true};
static struct nomem__caught_signals signals;

static int begin(void **state) {
  (void)state;
  nomem__caught_signals_open(&signals, NULL, &divided);
  return 0;
}

/* Whether a signal counts that came with this stack. */
static bool counts(int signal, const char *const *frames) {
  struct nomem__stack stack = recorded_stack(frames);
  stack.signal = signal;
  return signals.watcher.caught(&signals.watcher, &stack);
}

static void learn(int signal, const char *const *frames) {
  signals.watcher.is_learning = true;
  assert_false(counts(signal, frames));
  signals.watcher.is_learning = false;
}

/* A fault counts in the code under test as in the test's, which is told apart later. */
static void faults(void **state) {
  (void)state;
  assert_true(counts(SIGSEGV, STACK("make:3", "test_make:1", "main:1")));
  assert_true(counts(SIGFPE, STACK("memset:1", "make:3", "main:1")));
  assert_true(counts(SIGILL, STACK("test_make:3", "main:1")));
}

/* What a run without a fault catches does not count: that signal at that instruction, and where it is one of the C
 * library's, in that call of it. */
static void the_baselines_own(void **state) {
  (void)state;
  learn(SIGSEGV, STACK("make:3", "test_make:1", "main:1"));
  learn(SIGSEGV, STACK("memset:1", "make:4", "main:1"));
  assert_int_equal(signals.place_count, 2);
  learn(SIGSEGV, STACK("make:3", "main:1"));
  assert_int_equal(signals.place_count, 2);
  assert_false(counts(SIGSEGV, STACK("make:3", "main:9")));
  assert_false(counts(SIGSEGV, STACK("memset:1", "make:4", "test_make:1")));
  assert_true(counts(SIGBUS, STACK("make:3", "main:1")));
  assert_true(counts(SIGSEGV, STACK("make:3+1", "main:1")));
  assert_true(counts(SIGSEGV, STACK("memset:1", "make:5", "main:1")));
  assert_true(counts(SIGSEGV, STACK("memset:2", "make:4", "main:1")));
}

/* Code that was made while the program ran lies elsewhere each time. */
static void code_without_module(void **state) {
  (void)state;
  assert_true(counts(SIGSEGV, STACK("?", "make:3", "main:1")));
  learn(SIGSEGV, STACK("?", "make:3", "main:1"));
  assert_false(counts(SIGSEGV, STACK("?", "make:4", "main:1")));
  assert_true(counts(SIGSEGV, STACK("make:3", "main:1")));
}

/* An abort of the code under test counts; a signal that somebody sends does not, nor does the abort of a test, or of a
 * C++ run-time that has no memory for the exception. */
static void aborts(void **state) {
  (void)state;
  assert_true(counts(SIGABRT, STACK("raise:1", "abort:1", "make:3", "test_make:1", "main:1")));
  assert_false(counts(SIGABRT, STACK("raise:1", "make:3", "test_make:1", "main:1")));
  assert_false(counts(SIGABRT, STACK("raise:1", "abort:1", "test_make:1", "main:1")));
  assert_true(counts(SIGABRT, STACK("raise:1", "abort:1", "terminate:1", "make:3", "main:1")));
  assert_false(
      counts(SIGABRT, STACK("raise:1", "abort:1", "terminate:1", "__cxa_allocate_exception:1", "make:3", "main:1")));
  learn(SIGABRT, STACK("raise:1", "abort:1", "make:3", "main:1"));
  assert_false(counts(SIGABRT, STACK("raise:1", "abort:1", "make:3", "test_make:2", "main:1")));
  assert_true(counts(SIGABRT, STACK("raise:1", "abort:1", "make:4", "main:1")));
  nomem__caught_signals_open(&signals, NULL, NULL);
  assert_true(counts(SIGABRT, STACK("raise:1", "abort:1", "test_make:1", "main:1")));
}

static bool is_bug_at(const char *const *frames) {
  struct nomem__stack stack = recorded_stack(frames);
  return signals.watcher.is_bug_at(&signals.watcher, &stack);
}

/* A breakpoint that a test framework has for a debugger is no bug, unless code under test has come to it. */
static void breakpoints(void **state) {
  (void)state;
  assert_true(is_bug_at(STACK("make:3", "test_make:1", "main:1")));
  assert_false(is_bug_at(STACK("test_make:3", "main:1")));
  signals.watcher.is_learning = true;
  assert_false(is_bug_at(STACK("make:3", "test_make:1", "main:1")));
  nomem__caught_signals_open(&signals, NULL, NULL);
  assert_false(is_bug_at(STACK("make:3", "main:1")));
}

/* A program that catches them everywhere does so as a matter of course. */
static void everywhere(void **state) {
  (void)state;
  for (unsigned i = 0; i <= NOMEM_CAUGHT_PLACES; i++) {
    char frame[32];
    snprintf(frame, sizeof frame, "make:%u", i + 1);
    assert_int_equal(counts(SIGSEGV, STACK("main:7")), i < NOMEM_CAUGHT_PLACES);
    learn(SIGSEGV, STACK(frame, "main:1"));
  }
  assert_int_equal(signals.place_count, NOMEM_CAUGHT_PLACES);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(faults, begin),
      cmocka_unit_test_setup(the_baselines_own, begin),
      cmocka_unit_test_setup(code_without_module, begin),
      cmocka_unit_test_setup(aborts, begin),
      cmocka_unit_test_setup(breakpoints, begin),
      cmocka_unit_test_setup(everywhere, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
