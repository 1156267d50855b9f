/* SPDX-License-Identifier: MIT */
/* Whether a call of test code reported a failure that test code ignored, by what was noted of runs. */
#include "fixtures/recorded_run.h"

#include "../../faults/explore/judge/return_verdict.h"

#define DEMO "/lib/libdemo.so.1"
#define APP "/w/build/app"
#define LIBC "/lib/libc.so.6"

const struct recorded_function recorded_functions[] = {
    {.name = "make", .module = DEMO, .file = "src/make.c"},  {.name = "run", .module = DEMO, .file = "src/run.c"},
    {.name = "use", .module = DEMO, .file = "src/use.c"},    {.name = "__assert_fail", .module = LIBC},
    {.name = "hook", .module = APP, .file = "tests/hook.c"}, {.name = "test_one", .module = APP, .file = "tests/one.c"},
    {.name = "main", .module = APP, .file = "src/main.c"},   {0},
};

static const struct nomem__code_owners owners = {.is_divided = true};
static struct nomem__return_watch with_fault, without_fault;
static struct recorded_run *run;
static struct nomem__last_call last;

/* Notes a call that returned this, and after which test code made these calls. */
static struct nomem__watched_call *note(struct nomem__return_watch *watch, const char *test, const char *callee,
                                        uint64_t value) {
  struct nomem__watched_call *call = &watch->calls[watch->count++];
  *call = (struct nomem__watched_call){.pid = RECORDED_PID,
                                       .tid = RECORDED_PID,
                                       .test = recorded_frame(test, true),
                                       .callee = recorded_frame(callee, false),
                                       .type = {NOMEM_RESULT_SIGNED, 4},
                                       .state = NOMEM_RETURN_OVER,
                                       .has_returned = true,
                                       .value = value,
                                       .threads = {RECORDED_PID},
                                       .thread_count = 1};
  for (unsigned i = 0; i < NOMEM_RETURN_NEXT; i++) call->next[call->next_count++] = 10 + i;
  return call;
}

/* A fault below the call with that number. */
static void note_fault(size_t number, const char *const *stack) {
  uint32_t fault = run->channel->fault_count;
  record_fault(run, stack);
  with_fault.kinds[fault] = NOMEM_RETURN_CALL;
  with_fault.numbers[fault] = number;
}

/* The test called run(), which failed and returned -1 in place of 0, and then use(), which crashed. */
static int begin(void **state) {
  (void)state;
  run = record_run();
  with_fault = without_fault = (struct nomem__return_watch){.code_owners = &owners};
  note(&with_fault, "test_one:5", "run:1", (uint64_t)-1);
  note(&without_fault, "test_one:5", "run:1", 0);
  note_fault(0, STACK("make:3", "run:2", "test_one:5", "main:1"));
  record_death(run, SIGSEGV, STACK("use:2", "test_one:6", "main:1"));
  return 0;
}

static int end(void **state) {
  (void)state;
  discard_run(run);
  return 0;
}

static bool is_found(bool is_waiting) {
  last = nomem__return_verdict_find(&with_fault, &run->outcome, is_waiting);
  return last.call != NULL;
}

static bool is_ignored(void) {
  char text[NOMEM_RETURN_TEXT_BYTES];
  assert_true(is_found(false));
  bool ignored = nomem__return_verdict_is_ignored(&last, &without_fault, NULL, text);
  assert_int_equal(ignored, *text != '\0');
  return ignored;
}

static void the_words(void **state) {
  char text[NOMEM_RETURN_TEXT_BYTES];
  const struct {
    struct nomem__debug_result type;
    uint64_t value, usual;
    const char *text;
  } cases[] = {
      {{NOMEM_RESULT_SIGNED, 4}, 0xfffffff4, 0, "the test went on after run had returned -12 (tests/one.c:5)"},
      {{NOMEM_RESULT_POINTER, 8}, 0, 0x5000, "the test went on after run had returned NULL (tests/one.c:5)"},
      {{NOMEM_RESULT_BOOL, 1}, 0xff00, 1, "the test went on after run had returned false (tests/one.c:5)"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    with_fault.calls[0].type = cases[i].type;
    with_fault.calls[0].value = cases[i].value;
    without_fault.calls[0].value = cases[i].usual;
    assert_true(is_found(false));
    assert_true(nomem__return_verdict_is_ignored(&last, &without_fault, NULL, text));
    assert_string_equal(text, cases[i].text);
  }
}

/* What reports an error, by the type and by what is returned without the fault. */
static void values(void **state) {
  const struct {
    struct nomem__debug_result type;
    uint64_t value, usual;
    bool is_error;
  } cases[] = {
      {{NOMEM_RESULT_POINTER, 8}, 0, 0x5000, true},
      {{NOMEM_RESULT_POINTER, 8}, 0x6000, 0x5000, false}, /* another block */
      {{NOMEM_RESULT_POINTER, 8}, 0, 0, false},           /* as always */
      {{NOMEM_RESULT_POINTER, 8}, 0x6000, 0, true},       /* the text of an error */
      {{NOMEM_RESULT_BOOL, 1}, 0, 1, true},
      {{NOMEM_RESULT_BOOL, 1}, 1, 0, true},
      {{NOMEM_RESULT_BOOL, 1}, 0x7701, 0x9901, false}, /* the rest of the register is another's */
      {{NOMEM_RESULT_SIGNED, 4}, 5, 0, true},
      {{NOMEM_RESULT_SIGNED, 4}, 0xfffffff4, 0, true},
      {{NOMEM_RESULT_SIGNED, 4}, 0, 7, true},
      {{NOMEM_RESULT_SIGNED, 4}, 0xffffffff, 7, true},
      {{NOMEM_RESULT_SIGNED, 4}, 3, 7, false},                   /* a part of it */
      {{NOMEM_RESULT_SIGNED, 4}, 0xfffffff4, 0xfffffff0, false}, /* it fails in any case */
      {{NOMEM_RESULT_SIGNED, 4}, 0xaaaa00000007, 7, false},      /* the same, in half a register */
      {{NOMEM_RESULT_UNSIGNED, 8}, 0, 7, true},
      {{NOMEM_RESULT_UNSIGNED, 8}, UINT64_MAX, 7, true},
      {{NOMEM_RESULT_UNSIGNED, 8}, 3, 7, false},
      {{NOMEM_RESULT_NONE, 4}, 1, 0, false},
      {{NOMEM_RESULT_UNKNOWN, 4}, 1, 0, false},
      {{NOMEM_RESULT_SIGNED, 0}, 1, 0, false}, /* without debug information */
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    with_fault.calls[0].type = cases[i].type;
    with_fault.calls[0].value = cases[i].value;
    without_fault.calls[0].value = cases[i].usual;
    if (is_ignored() != cases[i].is_error) fail_msg("case %zu", i);
  }
}

/* Test code went on as it does without the fault: it made the same calls next, and no others. */
static void the_next_calls(void **state) {
  struct nomem__watched_call *call = &with_fault.calls[0], *usual = &without_fault.calls[0];
  (void)state;
  assert_true(is_ignored());
  call->next[2] = 99; /* it cleaned up */
  assert_false(is_ignored());
  call->next[2] = usual->next[2];
  call->next_count = 2; /* it gave up */
  assert_false(is_ignored());
  call->state = NOMEM_RETURN_IN_NEXT_CALL; /* the third one is where it blew up */
  assert_true(is_ignored());
  call->state = NOMEM_RETURN_STEPPED; /* or before that one */
  assert_true(is_ignored());
  call->next[1] = 99;
  assert_false(is_ignored());
  call->next[1] = usual->next[1];
  call->state = NOMEM_RETURN_OVER;
  call->next_count = 3;
  usual->next_count = 2;
  assert_false(is_ignored());
}

/* What came next is not known. */
/* Calls by which it only notes the error, such as a test framework's, may come in between; but of those that it makes
 * without the fault none is left out. */
static void calls_that_note_the_error(void **state) {
  struct nomem__watched_call *call = &with_fault.calls[0], *usual = &without_fault.calls[0];
  (void)state;
  for (unsigned i = 0; i < 2; i++) call->next[3 + i] = usual->next[1 + i];
  call->next[1] = 50;
  call->next[2] = 51;
  call->next_count = 5;
  assert_false(is_ignored());
  call->is_note[1] = call->is_note[2] = true;
  assert_true(is_ignored());
  usual->is_note[1] = true;
  assert_true(is_ignored());
  call->next[3] = 52; /* in place of a check that is made without the fault */
  call->is_note[3] = true;
  assert_false(is_ignored());
}

static bool is_heeded(bool is_hang) {
  assert_true(is_found(false));
  return nomem__return_verdict_is_heeded(&last, &without_fault, is_hang);
}

/* What breaks later is not what test code ignored, where nothing said no; or where it hangs on another way. */
static void what_was_not_ignored(void **state) {
  struct nomem__watched_call *call = &with_fault.calls[0], *usual = &without_fault.calls[0];
  const struct nomem__debug_result type = call->type;
  (void)state;
  assert_false(is_heeded(false) || is_heeded(true)); /* it said no, and test code went on */
  call->state = NOMEM_RETURN_IN_NEXT_CALL;
  call->next_count = 1;
  assert_false(is_heeded(true));
  call->next[0] = 99; /* the clean-up */
  assert_true(is_heeded(true) && !is_heeded(false));
  call->state = NOMEM_RETURN_OVER;
  assert_false(is_heeded(true));
  uint64_t value = call->value;
  call->value = usual->value; /* as always */
  assert_true(is_heeded(false) && is_heeded(true));
  call->value = value;
  call->type.kind = NOMEM_RESULT_NONE;
  assert_true(is_heeded(false));
  call->type.kind = NOMEM_RESULT_UNKNOWN;
  assert_false(is_heeded(false) || is_heeded(true));
  call->type = type;
}

static void lost_on_the_way(void **state) {
  (void)state;
  with_fault.calls[0].is_lost = true;
  assert_false(is_ignored());
  with_fault.calls[0].is_lost = false;
  without_fault.calls[0].is_lost = true;
  assert_false(is_ignored());
  with_fault.calls[0].state = NOMEM_RETURN_STEPPED; /* as far as it got, it was the same */
  assert_true(is_ignored());
}

/* It is compared with the same call of the same function, which has returned. */
static void the_same_call_without_the_fault(void **state) {
  (void)state;
  without_fault.calls[0].has_returned = false;
  assert_false(is_ignored());
  without_fault.calls[0].has_returned = true;
  without_fault.calls[0].callee = recorded_frame("use:1", false);
  assert_false(is_ignored());
  without_fault.calls[0].callee = recorded_frame("run:1", false);
  without_fault.calls[0].test = recorded_frame("test_one:6", true);
  assert_false(is_ignored());
  note(&without_fault, "test_one:5", "run:1", 0);
  assert_true(is_ignored());
}

/* A call that has not returned was not ignored; nor can a thread have done so that was there before. */
static void before_it_returned(void **state) {
  (void)state;
  with_fault.calls[0].has_returned = false;
  assert_false(is_found(false));
  with_fault.calls[0].has_returned = true;
  run->outcome.end.has_stack = false;
  assert_false(is_found(false));
}

static void another_thread(void **state) {
  struct nomem__watched_call *call = &with_fault.calls[0];
  (void)state;
  run->outcome.end.stack.tid = RECORDED_PID + 1; /* it was started after the call had returned */
  assert_true(is_found(false));
  call->threads[call->thread_count++] = RECORDED_PID + 1;
  assert_false(is_found(false));
  call->thread_count = 0; /* not known */
  assert_false(is_found(false));
  memset(call->threads, 1, sizeof call->threads);
  call->thread_count = NOMEM_RETURN_THREADS; /* there may be more */
  assert_false(is_found(false));
  call->thread_count--;
  assert_true(is_found(false));
}

/* The last fault counts; of the thread that blew up where it had one. */
static void the_last_fault(void **state) {
  (void)state;
  note(&with_fault, "test_one:4", "use:1", 0);
  note_fault(1, STACK("make:3", "use:2", "test_one:4", "main:1"));
  assert_true(is_found(false));
  assert_ptr_equal(last.call, &with_fault.calls[1]);
  run->channel->faults[1].tid++;
  assert_true(is_found(false));
  assert_ptr_equal(last.call, &with_fault.calls[0]);
  run->channel->faults[0].tid++; /* now none is of this thread */
  run->outcome.end.stack.tid = RECORDED_PID + 2;
  assert_true(is_found(false));
  assert_ptr_equal(last.call, &with_fault.calls[1]);
  run->channel->faults[1].pid++;
  assert_true(is_found(false));
  assert_ptr_equal(last.call, &with_fault.calls[0]);
}

/* What test code allocates itself, and the message of an assertion, are passed over; what is not known is not. */
static void faults_that_report_nothing(void **state) {
  (void)state;
  note(&with_fault, "test_one:4", "use:1", 0);
  note_fault(1, STACK("make:3", "use:2", "test_one:4", "main:1"));
  record_fault(run, STACK("hook:1", "test_one:5", "main:1"));
  with_fault.kinds[2] = NOMEM_RETURN_OWN;
  assert_true(is_found(false));
  assert_ptr_equal(last.call, &with_fault.calls[1]);
  record_fault(run, STACK("__assert_fail:1", "use:2", "test_one:6", "main:1"));
  with_fault.kinds[3] = NOMEM_RETURN_UNKNOWN;
  assert_true(is_found(false));
  assert_ptr_equal(last.call, &with_fault.calls[1]);
  record_fault(run, STACK("make:1", "main:2"));
  assert_false(is_found(false));
}

/* A run without a fault is sure to come to the first fault below a call, not to the later ones. */
static void the_fault_to_stop_at(void **state) {
  (void)state;
  note_fault(0, STACK("make:3", "run:2", "test_one:5", "main:1"));
  note_fault(0, STACK("make:3", "run:3", "test_one:5", "main:1"));
  assert_true(is_found(false));
  assert_int_equal(last.fault, 0);
  with_fault.kinds[0] = NOMEM_RETURN_OWN;
  assert_true(is_found(false));
  assert_int_equal(last.fault, 1);
}

/* A function of the test's below another call of its passes on what it got: the outermost that has returned counts. */
static void calls_below_one_another(void **state) {
  (void)state;
  note(&with_fault, "test_one:5", "use:1", 0);
  with_fault.calls[0].outer = 2;
  assert_true(is_found(false));
  assert_ptr_equal(last.call, &with_fault.calls[1]);
  with_fault.calls[1].has_returned = false;
  with_fault.calls[1].sp = 1; /* and is not what blew up */
  assert_true(is_found(false));
  assert_ptr_equal(last.call, &with_fault.calls[0]);
}

/* What blew up lies below the outer call, which still goes on: the code under test goes on, after a function of the
 * test's that it had called. */
static void below_an_outer_call(void **state) {
  (void)state;
  struct nomem__watched_call *outer = note(&with_fault, "test_one:6", "use:1", 0);
  with_fault.calls[0].outer = 2;
  outer->has_returned = false;
  outer->sp = run->outcome.end.stack.frames[0].cfa;
  assert_false(is_found(false));
  assert_true(is_found(true)); /* it hangs where it waits */
  outer->sp++;                 /* another activation of it */
  assert_true(is_found(false));
  outer->sp--;
  outer->has_returned = true; /* it was called once more */
  assert_true(is_found(false));
  outer->has_returned = false;
  outer->test = recorded_frame("test_one:7", true);
  assert_true(is_found(false));
  with_fault.calls[0].is_outer_unknown = true;
  assert_false(is_found(false));
  with_fault.calls[0].is_outer_unknown = false;
  record_death(run, SIGSEGV, STACK("use:2", "main:1")); /* no test code stands behind it */
  assert_false(is_found(false));
}

/* Of more faults than are noted the last is not known; where the same call is made again and again, it is. */
static void a_call_that_is_repeated(void **state) {
  char text[NOMEM_RETURN_TEXT_BYTES];
  (void)state;
  record_hang(run, STACK("use:2", "run:1", "test_one:5", "main:1"));
  run->outcome.end.fatal_signal = 0;
  with_fault.calls[0].sp = run->outcome.end.stack.frames[1].cfa;
  assert_true(is_found(true));
  assert_true(last.is_repeated);
  run->channel->fault_count = NOMEM_FAULTS + 1;
  assert_true(is_found(true));
  with_fault.calls[0].next[0] = 99; /* it does not end, so that what comes next is no matter */
  assert_true(nomem__return_verdict_is_ignored(&last, &without_fault, NULL, text));
  with_fault.calls[0].sp++;
  assert_false(is_found(true));
  run->channel->fault_count = 1;
  assert_true(is_found(true));
  assert_false(last.is_repeated);
  with_fault.calls[0].frame = run->outcome.end.stack.frames[0].cfa; /* sampled between two of them, too */
  assert_true(is_found(true));
  assert_true(last.is_repeated);
  run->outcome.end.timed_out = false;
  assert_true(is_found(true));
  assert_false(last.is_repeated);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(the_words),
      CASE(values),
      CASE(the_next_calls),
      CASE(calls_that_note_the_error),
      CASE(what_was_not_ignored),
      CASE(lost_on_the_way),
      CASE(the_same_call_without_the_fault),
      CASE(before_it_returned),
      CASE(another_thread),
      CASE(the_last_fault),
      CASE(faults_that_report_nothing),
      CASE(the_fault_to_stop_at),
      CASE(calls_below_one_another),
      CASE(below_an_outer_call),
      CASE(a_call_that_is_repeated),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
