/* SPDX-License-Identifier: MIT */
/* How an exception that nobody caught is recognised on a stack, and who is to blame for it. */
#include "fixtures/recorded_run.h"

#include "../../faults/explore/judge/cpp_terminate.h"

#define LIBC "/lib/libc.so.6"
#define CXX "/lib/libstdc++.so.6"
#define APP "/w/build/app"
#define STATIC "/w/build/app_static"

const struct recorded_function recorded_functions[] = {
    {.name = "raise", .module = LIBC},
    {.name = "abort", .module = LIBC},
    {.name = "start_thread", .module = LIBC},
    {.name = "__cxa_thread_atexit_impl", .module = LIBC},
    {.name = "std::process::abort::h6779b0bff5c91f0c", .written = "rust_abort", .module = APP},
    {.name = "rust_oom", .module = APP},
    {.name = "alloc::alloc::handle_alloc_error::hcf5f6fd68c596c61", .written = "handle_alloc_error", .module = APP},
    {.name = "std::terminate()", .written = "terminate", .module = CXX},
    {.name = "__cxa_throw", .module = CXX},
    {.name = "__cxa_allocate_exception", .module = CXX},
    {.name = "__gxx_personality_v0", .module = CXX},
    {.name = "operator new(unsigned long)", .written = "new", .module = CXX},
    {.written = "stripped", .module = CXX},
    {.written = "stripped_start", .module = LIBC},
    {.name = "thrower(int)", .written = "thrower", .module = APP},
    {.name = "caller()", .written = "caller", .module = APP},
    {.name = "promises()", .written = "promises", .module = APP},
    {.name = "__clang_call_terminate", .module = APP},
    {.name = "std::vector<int>::push_back(int)", .written = "push_back", .module = APP},
    {.name = "void std::sort<unsigned long>(unsigned long*)", .written = "sort", .module = APP},
    {.name = "std::pair<int, int> app::pair<int>(int) [clone .cold]", .written = "pair", .module = APP},
    {.name = "main", .module = APP},
    {.name = "_start", .module = APP},
    {.name = "abort", .written = "static_abort", .module = STATIC},
    {.name = "std::terminate()", .written = "static_terminate", .module = STATIC},
    {.name = "__cxa_throw [clone .cold]", .written = "static_throw", .module = STATIC},
    {.name = "operator new(unsigned long)", .written = "static_new", .module = STATIC},
    {.name = "work()", .written = "static_work", .module = STATIC},
    {.name = "main", .written = "static_main", .module = STATIC},
    {.name = "__libc_start_main", .module = STATIC},
    {0},
};

/* The function to blame for an abort with this stack, and in *terminate how it came about. */
static const char *blamed(enum nomem__cpp_terminate *terminate, const char *const *stack) {
  struct nomem__trace trace = recorded_trace(stack);
  nomem__cpp_terminate_mark(&trace, NULL);
  *terminate = trace.terminate;
  for (unsigned i = trace.skipped_frames; i < trace.depth; i++)
    if (nomem__trace_culprit(&trace) == &trace.frame[i]) {
      struct nomem__source_frame source;
      nomem__symbols_resolve(NULL, trace.frame[i].path, trace.frame[i].offset, true, &source, 1);
      return source.function;
    }
  return "";
}

static enum nomem__cpp_terminate terminate;

/* Nobody caught it: to blame is the outermost function that is none of the run-times', main() or a thread's. */
static void nobody_caught_it(void **state) {
  (void)state;
  assert_string_equal(blamed(&terminate, STACK("raise", "abort", "terminate", "__cxa_throw", "stripped", "new",
                                               "thrower", "caller", "main", "_start")),
                      "main");
  assert_int_equal(terminate, NOMEM_TERMINATE_UNCAUGHT);
  assert_string_equal(
      blamed(&terminate, STACK("abort", "terminate", "__cxa_throw", "stripped", "thrower", "caller", "stripped_start")),
      "caller()");
  assert_int_equal(terminate, NOMEM_TERMINATE_UNCAUGHT);
}

/* A function that promises not to throw is in the way: then it is the one that threw. */
static void a_promise_was_broken(void **state) {
  (void)state;
  assert_string_equal(blamed(&terminate, STACK("abort", "terminate", "__gxx_personality_v0", "stripped", "thrower",
                                               "promises", "main")),
                      "thrower(int)");
  assert_int_equal(terminate, NOMEM_TERMINATE_UNCAUGHT);
  assert_string_equal(blamed(&terminate, STACK("abort", "terminate", "__clang_call_terminate", "promises", "main")),
                      "promises()");
  assert_int_equal(terminate, NOMEM_TERMINATE_UNCAUGHT);
}

/* There was no memory for the exception itself. */
static void it_could_not_be_thrown(void **state) {
  (void)state;
  blamed(&terminate, STACK("abort", "terminate", "__cxa_allocate_exception", "new", "thrower", "main"));
  assert_int_equal(terminate, NOMEM_TERMINATE_UNTHROWN);
}

/* Rust's run-time has no way to report a want of memory, nor has the C library's where it cannot note what is to be
 * done at a thread's end. */
static void a_run_time_without_memory(void **state) {
  (void)state;
  blamed(&terminate, STACK("raise", "abort", "rust_abort", "rust_oom", "thrower", "main"));
  assert_int_equal(terminate, NOMEM_TERMINATE_UNTHROWN);
  blamed(&terminate, STACK("raise", "abort", "handle_alloc_error", "thrower", "main"));
  assert_int_equal(terminate, NOMEM_TERMINATE_UNTHROWN);
  blamed(&terminate, STACK("raise", "abort", "__cxa_thread_atexit_impl", "thrower", "main"));
  assert_int_equal(terminate, NOMEM_TERMINATE_UNTHROWN);
  blamed(&terminate, STACK("raise", "abort", "rust_abort", "thrower", "main"));
  assert_int_equal(terminate, NOMEM_TERMINATE_NO);
}

/* An abort of the program's own, and one that nobody but the run-times stands behind. */
static void another_abort(void **state) {
  (void)state;
  assert_string_equal(blamed(&terminate, STACK("raise", "abort", "thrower", "caller", "main")), "thrower(int)");
  assert_int_equal(terminate, NOMEM_TERMINATE_NO);
  assert_string_equal(blamed(&terminate, STACK("abort", "thrower", "terminate", "main")), "thrower(int)");
  assert_int_equal(terminate, NOMEM_TERMINATE_NO);
  assert_string_equal(blamed(&terminate, STACK("abort", "terminate", "__cxa_throw")), "");
  assert_int_equal(terminate, NOMEM_TERMINATE_NO);
}

/* Templates of the run-time that the program is made with are the run-time's, whatever type they return. */
static void templates(void **state) {
  (void)state;
  const char *const promise[] = {"abort", "terminate", "__gxx_personality_v0", "push_back", "sort", "pair",
                                 "main",  NULL};
  assert_string_equal(blamed(&terminate, promise), "std::pair<int, int> app::pair<int>(int) [clone .cold]");
}

/* A program with the run-times linked in names them like the libraries do. */
static void linked_in(void **state) {
  (void)state;
  assert_string_equal(blamed(&terminate, STACK("static_abort", "static_terminate", "static_throw", "static_new",
                                               "static_work", "static_main", "__libc_start_main")),
                      "main");
  assert_int_equal(terminate, NOMEM_TERMINATE_UNCAUGHT);
  assert_string_equal(blamed(&terminate, STACK("static_abort", "static_terminate", "__clang_call_terminate",
                                               "static_throw", "static_work", "static_main")),
                      "work()");
}

/* What a sanitizer has on top of the stack was skipped before. */
static void skipped_frames(void **state) {
  struct nomem__trace trace = recorded_trace(STACK("thrower", "abort", "terminate", "__cxa_throw", "caller", "main"));
  (void)state;
  nomem__cpp_terminate_mark(&trace, NULL);
  assert_int_equal(trace.terminate, NOMEM_TERMINATE_NO);
  trace.skipped_frames = 1;
  nomem__cpp_terminate_mark(&trace, NULL);
  assert_int_equal(trace.terminate, NOMEM_TERMINATE_UNCAUGHT);
  assert_int_equal(trace.skipped_frames, 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nobody_caught_it),
      cmocka_unit_test(a_promise_was_broken),
      cmocka_unit_test(it_could_not_be_thrown),
      cmocka_unit_test(a_run_time_without_memory),
      cmocka_unit_test(another_abort),
      cmocka_unit_test(templates),
      cmocka_unit_test(linked_in),
      cmocka_unit_test(skipped_frames),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
