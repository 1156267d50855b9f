/* SPDX-License-Identifier: MIT */
/* Which call failed before a run blew up, who did not check it, and whether test code passed on what it got. */
#include "fixtures/judged_run.h"

const struct recorded_function recorded_functions[] = {
    {.name = "malloc", .module = LIBC},
    {.name = "strlen", .module = LIBC},
    {.name = "memcpy", .module = LIBC, .file = "string/memcpy.c", .pointers = 2},
    {.name = "raise", .module = LIBC},
    {.name = "abort", .module = LIBC},
    {.name = "__assert_fail", .module = LIBC},
    {.name = "_IO_file_doallocate", .module = LIBC},
    {.name = "getaddrinfo", .module = LIBC},
    {.name = "__asan_report_error", .module = "/lib/libasan.so.8"},
    {.name = "make", .module = DEMO, .file = "src/make.c"},
    {.name = "wrap", .module = DEMO, .file = "src/make.c"},
    {.name = "run", .module = DEMO, .file = "src/run.c", .inlined = "run_part"},
    {.name = "use", .module = DEMO, .file = "src/use.c", .pointers = 2},
    {.name = "hidden", .module = DEMO, .file = "src/use.c", .pointers = 1, .hides_pointers = true},
    {.name = "pass", .module = DEMO, .file = "src/use.c", .pointers = 1},
    {.name = "stripped", .module = DEMO},
    {.name = "hook", .module = APP, .file = "tests/hook.c"},
    {.name = "test_parse", .module = APP, .file = "tests/parse.c"},
    {.name = "main", .module = APP, .file = "src/main.c"},
    {0},
};

static int begin(void **state) {
  (void)state;
  begin_run(NOMEM_VERDICT_CRASH);
  return 0;
}

static int end(void **state) {
  (void)state;
  end_run();
  return 0;
}

/* Begins again, within a test. */
static void again(void) {
  begin_run(NOMEM_VERDICT_CRASH);
}

static struct nomem__trace blow_up(void) {
  struct nomem__trace trace;
  nomem__blow_up_trace(&run->outcome, NULL, &trace);
  return trace;
}

/* The line of the call that was not checked; "" for none. */
static const char *unchecked(void) {
  static char text[64];
  struct nomem__trace trace = blow_up();
  struct nomem__unchecked_call call;
  struct nomem__source_frame source;
  text[0] = '\0';
  bool is_found = nomem__find_unchecked(&run->outcome, NULL, &trace, &call);
  assert_int_equal(nomem__unchecked_source(&call, NULL, &source), is_found);
  if (is_found) snprintf(text, sizeof text, "%s:%u", source.function, source.line);
  return text;
}

/* The function that followed NULL is still in the call in which, or below which, a call failed before. */
static void a_call_that_was_not_checked(void **state) {
  (void)state;
  record_fault(run, STACK("make:3", "wrap:4", "run:5", "main:1"));
  record_death(run, SIGSEGV, STACK("run:6", "main:1"));
  assert_string_equal(unchecked(), "run:5");
  record_death(run, SIGSEGV, STACK("strlen:1", "run:6", "main:1"));
  assert_string_equal(unchecked(), "run:5");
  record_death(run, SIGSEGV, STACK("wrap:6", "run:5", "main:1"));
  assert_string_equal(unchecked(), "wrap:4");
  record_death(run, SIGSEGV, STACK("run:6", "main:2"));
  assert_string_equal(unchecked(), "");
  record_death(run, SIGSEGV, STACK("wrap:6", "run:7", "main:1"));
  assert_string_equal(unchecked(), "");
  record_death(run, SIGSEGV, STACK("use:6", "main:1")); /* another function, called from the same place */
  record_argument(run, 0, 0, 0x5000);
  record_argument(run, 0, 1, 0x5000);
  assert_string_equal(unchecked(), "");
}

/* A stack of one frame has nothing that shows the call to be the same; the outermost function of two stacks has. */
static void the_outermost_function(void **state) {
  (void)state;
  record_fault(run, STACK("make:3", "main:1"));
  record_death(run, SIGSEGV, STACK("main:2"));
  assert_string_equal(unchecked(), "main:1");
  record_death(run, SIGSEGV, STACK("main:2", "main:1"));
  assert_string_equal(unchecked(), "");
}

/* Where the function was given the NULL, its caller is asked in its place, and so on; an argument that is not NULL, or
 * is not known, ends it. */
static void an_argument_is_null(void **state) {
  (void)state;
  record_fault(run, STACK("make:3", "run:5", "main:1"));
  record_death(run, SIGSEGV, STACK("use:2", "pass:3", "run:6", "main:1"));
  assert_string_equal(unchecked(), "run:5");
  record_argument(run, 0, 0, 0x1000);
  assert_string_equal(unchecked(), "run:5"); /* by the second one */
  record_argument(run, 0, 1, 0x1000);
  assert_string_equal(unchecked(), "");
  record_argument(run, 0, 1, 0xfff);
  assert_string_equal(unchecked(), "run:5"); /* a member of what is at NULL */
  record_argument(run, 1, 0, 0x1000);
  assert_string_equal(unchecked(), "");
  record_death(run, SIGSEGV, STACK("hidden:2", "run:6", "main:1"));
  assert_string_equal(unchecked(), "");
  record_death(run, SIGSEGV, STACK("stripped:2", "run:6", "main:1"));
  assert_string_equal(unchecked(), "");
}

/* Only a crash at NULL tells of a result that was not checked; a call through NULL is one. */
static void only_null(void **state) {
  (void)state;
  record_fault(run, STACK("make:3", "run:5", "main:1"));
  record_death(run, SIGSEGV, STACK("run:6", "main:1"));
  run->outcome.end.stack.fault_address = 0x18;
  assert_string_equal(unchecked(), "run:5");
  run->outcome.end.stack.fault_address = 0x5000000;
  assert_string_equal(unchecked(), "");
  run->outcome.end.stack.ip = 0x5000000;
  assert_string_equal(unchecked(), "run:5");
  record_death(run, SIGFPE, STACK("run:6", "main:1"));
  assert_string_equal(unchecked(), "");
}

/* A stream does without its buffer, the C library is to blame for its own, and another process for its. */
static void faults_that_nobody_had_to_check(void **state) {
  (void)state;
  record_fault(run, STACK("_IO_file_doallocate:1", "run:5", "main:1"));
  record_death(run, SIGSEGV, STACK("run:6", "main:1"));
  assert_string_equal(unchecked(), "");
  again();
  record_fault(run, STACK("malloc:1", "getaddrinfo:1", "run:6", "main:1"));
  record_death(run, SIGSEGV, STACK("getaddrinfo:2", "run:6", "main:1"));
  assert_string_equal(unchecked(), "");
  again();
  struct nomem_fault *fault = record_fault(run, STACK("make:3", "run:5", "main:1"));
  record_death(run, SIGSEGV, STACK("run:6", "main:1"));
  assert_string_equal(unchecked(), "run:5");
  fault->pid++;
  assert_string_equal(unchecked(), "");
}

/* Of several the last one counts, which came closest to the crash. */
static void the_last_fault(void **state) {
  (void)state;
  record_fault(run, STACK("make:3", "run:4", "main:1"));
  record_fault(run, STACK("make:3", "run:5", "main:1"));
  record_fault(run, STACK("make:3", "main:7"));
  record_death(run, SIGSEGV, STACK("run:6", "main:1"));
  assert_string_equal(unchecked(), "run:5");
}

/* A wrapper that was inlined has returned like any other; of functions inlined into one another the innermost is meant
 * that both stacks stand in. */
static void inlined_functions(void **state) {
  (void)state;
  record_fault(run, STACK("make:3", "run:101", "main:1"));
  record_death(run, SIGSEGV, STACK("run:6", "main:1"));
  assert_string_equal(unchecked(), "run:50");
  record_death(run, SIGSEGV, STACK("run:102", "main:1"));
  assert_string_equal(unchecked(), "run_part:101");
}

static uint64_t unchecked_hash(const char *const *fault, const char *const *death) {
  struct nomem__unchecked_call call;
  again();
  record_fault(run, fault);
  record_death(run, SIGSEGV, death);
  struct nomem__trace trace = blow_up();
  assert_true(nomem__find_unchecked(&run->outcome, NULL, &trace, &call));
  return nomem__unchecked_hash(&call, NULL);
}

/* The same call is the same finding wherever it leads to; another line is another. */
static void what_one_unchecked_call_is(void **state) {
  (void)state;
  uint64_t hash = unchecked_hash(STACK("make:3", "run:5", "main:1"), STACK("run:6", "main:1"));
  assert_int_equal(unchecked_hash(STACK("make:3", "run:5", "main:2"), STACK("strlen:1", "run:9", "main:2")), hash);
  assert_int_equal(unchecked_hash(STACK("make:3", "run:5+1", "main:1"), STACK("run:6", "main:1")), hash);
  assert_int_not_equal(unchecked_hash(STACK("make:3", "run:7", "main:1"), STACK("run:8", "main:1")), hash);
  assert_int_not_equal(unchecked_hash(STACK("make:3", "wrap:5", "main:1"), STACK("wrap:6", "main:1")), hash);
}

static bool was_given_null(const struct nomem__code_owners *owners) {
  struct nomem__trace trace = blow_up();
  return nomem__test_passed_null(&run->outcome, owners, &trace);
}

/* Test code called what blew up with NULL for its first pointer, after an earlier call of its own had failed. */
static void test_code_passed_null_on(void **state) {
  (void)state;
  record_fault(run, STACK("make:3", "test_parse:5", "main:1"));
  record_death(run, SIGSEGV, STACK("use:2", "test_parse:6", "main:1"));
  assert_true(was_given_null(&divided));
  assert_false(was_given_null(&undivided));
  record_argument(run, 0, 0, 0x5000);
  assert_false(was_given_null(&divided)); /* the second pointer is NULL, the first is not */
  record_death(run, SIGABRT, STACK("raise:1", "abort:1", "use:2", "test_parse:6", "main:1"));
  assert_true(was_given_null(&divided));
  record_death(run, SIGSEGV, STACK("pass:1", "use:2", "test_parse:6", "main:1"));
  record_argument(run, 1, 0, 0x5000);
  assert_false(was_given_null(&divided)); /* asked is the function that the test called, not the one that blew up */
}

/* What failed within the very call that blew up is no earlier call's; an assertion's message is part of the blow-up;
 * and without test code between, it may be the same call. */
static void the_call_that_failed_is_the_one_that_blew_up(void **state) {
  (void)state;
  record_fault(run, STACK("make:3", "use:1", "test_parse:6", "main:1"));
  record_death(run, SIGSEGV, STACK("use:2", "test_parse:6", "main:1"));
  assert_false(was_given_null(&divided));
  again();
  record_fault(run, STACK("make:3", "test_parse:5", "main:1"));
  record_fault(run, STACK("malloc:1", "__assert_fail:1", "use:2", "test_parse:6", "main:1"));
  record_death(run, SIGABRT, STACK("abort:1", "__assert_fail:2", "use:2", "test_parse:6", "main:1"));
  assert_true(was_given_null(&divided));
  again();
  record_fault(run, STACK("make:3", "run:5", "main:1"));
  record_death(run, SIGSEGV, STACK("use:2", "test_parse:6", "main:1"));
  assert_false(was_given_null(&divided));
}

/* A run-time that the test itself called is test code's own doing, and needs no argument to show it. */
static void test_code_called_the_runtime(void **state) {
  (void)state;
  record_fault(run, STACK("make:3", "test_parse:5", "main:1"));
  record_death(run, SIGSEGV, STACK("memcpy:1", "test_parse:6", "main:1"));
  assert_false(was_given_null(&divided));
  record_hang(run, STACK("use:2", "test_parse:6", "main:1"));
  run->outcome.end.fatal_signal = 0;
  assert_false(was_given_null(&divided));
}

static enum nomem__known had_null(void) {
  struct nomem__trace trace = blow_up();
  return nomem__culprit_had_null(&run->outcome, NULL, &trace);
}

/* Whether the function that blew up had been given a NULL: yes, no, or not known. */
static void a_culprit_without_null(void **state) {
  (void)state;
  record_death(run, SIGSEGV, STACK("strlen:1", "use:2", "main:1"));
  assert_int_equal(had_null(), NOMEM_YES);
  record_argument(run, 1, 0, 0x5000);
  assert_int_equal(had_null(), NOMEM_YES);
  record_argument(run, 1, 1, 0x5000);
  assert_int_equal(had_null(), NOMEM_NO);
  record_death(run, SIGSEGV, STACK("hidden:2", "main:1"));
  assert_int_equal(had_null(), NOMEM_UNKNOWN);
  record_death(run, SIGSEGV, STACK("stripped:2", "main:1"));
  assert_int_equal(had_null(), NOMEM_UNKNOWN);
  record_death(run, SIGSEGV, STACK("strlen:2"));
  assert_int_equal(had_null(), NOMEM_UNKNOWN);
}

/* Whether the call that failed last was one that test code made itself. */
static void a_call_of_the_tests_own_failed(void **state) {
  (void)state;
  record_fault(run, STACK("make:3", "test_parse:5", "main:1"));
  assert_false(nomem__has_test_call_failed(&run->outcome, &divided));
  record_fault(run, STACK("hook:3", "run:4", "test_parse:5", "main:1"));
  assert_true(nomem__has_test_call_failed(&run->outcome, &divided));
  assert_false(nomem__has_test_call_failed(&run->outcome, &undivided));
  record_fault(run, STACK("make:3", "test_parse:6", "main:1"));
  assert_false(nomem__has_test_call_failed(&run->outcome, &divided));
  again();
  assert_false(nomem__has_test_call_failed(&run->outcome, &divided));
}

static bool went_on(void) {
  struct nomem__trace trace = blow_up();
  return nomem__test_went_on(&run->outcome, &divided, &trace);
}

/* A hang below another call of test code's than the one that failed, but not below the same, nor without test code. */
static void test_code_went_on_to_a_hang(void **state) {
  (void)state;
  record_fault(run, STACK("make:3", "run:4", "test_parse:5", "main:1"));
  record_hang(run, STACK("run:9", "test_parse:6", "main:1"));
  assert_true(went_on());
  record_hang(run, STACK("run:9", "test_parse:5", "main:1"));
  assert_false(went_on());
  record_hang(run, STACK("run:9", "main:1"));
  assert_false(went_on());
}

/* The number of the call of test code's that the last fault is below; 0: the one that blew up, or none. */
static uint64_t failed_call(bool *is_known) {
  struct nomem__trace trace = blow_up();
  uint64_t call = 0;
  *is_known = nomem__find_failed_call(&run->outcome, &divided, &trace, &call);
  return call;
}

static void the_call_that_failed(void **state) {
  (void)state;
  bool is_known;
  record_fault(run, STACK("make:3", "test_parse:5", "main:1"));
  record_death(run, SIGSEGV, STACK("use:2", "test_parse:6", "main:1"));
  uint64_t first = failed_call(&is_known);
  assert_true(is_known && first != 0);
  record_fault(run, STACK("make:3", "test_parse:7", "main:1"));
  assert_true(failed_call(&is_known) != first && is_known);
  record_fault(run, STACK("malloc:1", "__assert_fail:1", "use:2", "test_parse:6", "main:1"));
  assert_true(failed_call(&is_known) != first && is_known); /* the message is passed over */
  record_fault(run, STACK("make:3", "use:1", "test_parse:6", "main:1"));
  assert_true(failed_call(&is_known) == 0 && is_known); /* it may be the one that blew up */
  record_fault(run, STACK("make:3", "run:1", "main:1"));
  failed_call(&is_known);
  assert_false(is_known);
}

/* Which of test code's calls a stack is below: also by way of a callback of the test's. */
static void below_a_call(void **state) {
  (void)state;
  struct nomem__trace trace = recorded_trace(STACK("make:3", "hook:2", "run:1", "test_parse:5", "main:1"));
  assert_true(nomem__is_below_call(&divided, &trace, &trace.frame[1]));
  assert_true(nomem__is_below_call(&divided, &trace, &trace.frame[3]));
  struct nomem__trace other = recorded_trace(STACK("make:3", "hook:3", "main:1"));
  assert_false(nomem__is_below_call(&divided, &other, &trace.frame[1]));
  assert_false(nomem__is_below_call(&divided, &other, &trace.frame[3]));
  struct nomem__trace none = recorded_trace(STACK("make:3", "main:1"));
  assert_false(nomem__is_below_call(&divided, &none, &trace.frame[1]));
}

/* A fault is looked at when it is complete, and only where it is of the process that is meant. */
static void faults_of_a_process(void **state) {
  (void)state;
  record_fault(run, STACK("make:1"))->ready = 0;
  record_fault_in(run, 7, 7, NOMEM_FN_MALLOC, STACK("make:2"));
  record_fault(run, STACK("make:3"));
  assert_int_equal(nomem__find_fault(run->channel, 0, 0), 1);
  assert_int_equal(nomem__find_fault(run->channel, 0, 2), 2);
  assert_int_equal(nomem__find_fault(run->channel, RECORDED_PID, 0), 2);
  assert_int_equal(nomem__find_fault(run->channel, 8, 0), NOMEM_KNOWN_FAULTS);
  run->channel->fault_count = UINT32_MAX; /* of more, those are known that there is room for */
  assert_int_equal(nomem__find_fault(run->channel, 0, 3), NOMEM_KNOWN_FAULTS);
  assert_int_equal(nomem__process_with_faults(&run->outcome), RECORDED_PID);
  run->outcome.end.stack.pid = 8;
  assert_int_equal(nomem__process_with_faults(&run->outcome), 0);
}

/* Of many faults the first ones are known, and the last ones; the very last is asked first who did not check it. */
static void the_first_and_the_last_faults(void **state) {
  (void)state;
  static const uint32_t counts[] = {NOMEM_FAULTS, NOMEM_FAULTS + 1, NOMEM_KNOWN_FAULTS, NOMEM_KNOWN_FAULTS + 1, 1000};
  struct nomem__trace trace;
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    uint32_t count = counts[i], known = count < NOMEM_KNOWN_FAULTS ? count : NOMEM_KNOWN_FAULTS;
    again();
    for (uint32_t number = 0; number + 1 < count; number++) record_fault(run, STACK("make:3", "wrap:4", "main:1"));
    record_fault(run, STACK("make:3", "run:5", "main:1"));
    assert_int_equal(nomem__channel_faults(run->channel), known);
    assert_int_equal(nomem__find_fault(run->channel, 0, known - 1), known - 1);
    assert_int_equal(nomem__find_fault(run->channel, 0, known), NOMEM_KNOWN_FAULTS);
    for (uint32_t number = 0; number < known; number++) {
      nomem__fault_trace(run->channel, number, &trace);
      assert_int_equal(trace.frame[1].offset, recorded_frame(number + 1 < known ? "wrap:4" : "run:5", true).offset);
    }
    record_death(run, SIGSEGV, STACK("run:6", "main:1"));
    assert_string_equal(unchecked(), "run:5");
  }
}

/* The C library is to blame for a call into it in which its own call failed, and which then blew up. */
static void a_library_that_does_not_cope(void **state) {
  (void)state;
  record_fault(run, STACK("malloc:1", "getaddrinfo:1", "run:6", "main:1"));
  record_death(run, SIGSEGV, STACK("strlen:1", "getaddrinfo:2", "run:6", "main:1"));
  assert_int_equal(blow_up().library_frames, 2);
  record_death(run, SIGSEGV, STACK("strlen:1", "getaddrinfo:2", "run:7", "main:1"));
  assert_int_equal(blow_up().library_frames, 0);
  record_death(run, SIGSEGV, STACK("strlen:1", "getaddrinfo:2", "run:6", "main:1"));
  run->channel->faults[0].pid++;
  assert_int_equal(blow_up().library_frames, 0);
}

/* What a sanitizer reports is shown where it ended the process; a crash by a signal tells more. */
static void a_report_in_place_of_a_blow_up(void **state) {
  (void)state;
  record_death(run, SIGABRT, STACK("abort:1", "__asan_report_error:1", "use:2", "main:1"));
  assert_true(nomem__has_report(&run->outcome, NULL)); /* though it is not to be seen */
  struct nomem__trace trace = blow_up();
  assert_ptr_equal(nomem__trace_culprit(&trace)->path, DEMO);
  strcpy(run->outcome.report.kind, "AddressSanitizer: heap-use-after-free");
  run->outcome.report.trace = recorded_trace(STACK("run:8", "main:1"));
  assert_int_equal(blow_up().frame[0].offset, run->outcome.report.trace.frame[0].offset);
  record_death(run, SIGSEGV, STACK("use:2", "main:1"));
  assert_true(nomem__has_report(&run->outcome, NULL));
  assert_int_not_equal(blow_up().frame[0].offset, run->outcome.report.trace.frame[0].offset);
  again();
  record_death(run, SIGABRT, STACK("abort:1", "use:2", "main:1"));
  assert_false(nomem__has_report(&run->outcome, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(a_call_that_was_not_checked),
      CASE(the_outermost_function),
      CASE(an_argument_is_null),
      CASE(only_null),
      CASE(faults_that_nobody_had_to_check),
      CASE(the_last_fault),
      CASE(inlined_functions),
      CASE(what_one_unchecked_call_is),
      CASE(test_code_passed_null_on),
      CASE(the_call_that_failed_is_the_one_that_blew_up),
      CASE(test_code_called_the_runtime),
      CASE(a_culprit_without_null),
      CASE(a_call_of_the_tests_own_failed),
      CASE(test_code_went_on_to_a_hang),
      CASE(the_call_that_failed),
      CASE(below_a_call),
      CASE(faults_of_a_process),
      CASE(the_first_and_the_last_faults),
      CASE(a_library_that_does_not_cope),
      CASE(a_report_in_place_of_a_blow_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
