/* SPDX-License-Identifier: MIT */
/* The list of findings: which run each shows, which are merged, in which order they come, and which are the test's own
 * fault. */
#include "fixtures/judged_run.h"

#include <errno.h>

const struct recorded_function recorded_functions[] = {
    JUDGED_FUNCTIONS,
    {.name = "__cxa_allocate_exception", .module = CXX},
    {.name = "app", .module = APP, .file = "src/app.c"},
    {0},
};

static struct nomem__findings findings;

static int begin(void **state) {
  (void)state;
  begin_run(NOMEM_VERDICT_ABORT);
  return 0;
}

static int end(void **state) {
  (void)state;
  nomem__findings_free(&findings);
  end_run();
  return 0;
}

/* Adds an abort at this line. */
static int add(const char *line, struct nomem__point point, size_t rank, bool is_early) {
  begin_run(NOMEM_VERDICT_ABORT);
  record_fault(run, STACK("malloc", "make:3", "main:1"));
  record_death(run, SIGABRT, STACK("abort", line, "main:1"));
  judged.point = point;
  judged.rank = rank;
  judged.is_early = is_early;
  return nomem__findings_add(&findings, &judged, &undivided, NULL);
}

static const struct nomem__point once = {.occurrence = 1}, twice = {.occurrence = 1, .second = 1},
                                 always = {.occurrence = 1, .persistent = true};

/* Runs that blew up in one place are one finding; others are others. */
static void one_place_is_one_finding(void **state) {
  (void)state;
  assert_int_equal(add("run:5", once, 1, false), 0);
  assert_int_equal(add("run:5", once, 2, false), 0);
  assert_int_equal(add("run:6", once, 3, false), 0);
  assert_int_equal(findings.count, 2);
  assert_true(findings.list[0].runs == 2 && findings.list[1].runs == 1);
}

/* It shows the run that tells most, whatever order they end in: one call failed rather than two, two rather than all
 * later ones, and then the first of the schedule. */
static void the_exemplar(void **state) {
  (void)state;
  add("run:5", always, 1, false);
  add("run:5", twice, 9, false);
  assert_int_equal(findings.list[0].rank, 9);
  add("run:5", once, 8, false);
  assert_int_equal(findings.list[0].rank, 8);
  add("run:5", once, 7, false);
  assert_int_equal(findings.list[0].rank, 7);
  add("run:5", once, 8, false);
  add("run:5", twice, 2, false);
  add("run:5", always, 1, false);
  assert_int_equal(findings.list[0].rank, 7);
  assert_true(findings.count == 1 && findings.list[0].runs == 7);
}

/* A run that was ended before its time counts only where its finding is known, and is never shown. */
static void a_run_that_was_ended_early(void **state) {
  (void)state;
  assert_int_equal(add("run:5", once, 1, true), -ENOENT);
  assert_int_equal(findings.count, 0);
  assert_int_equal(add("run:5", once, 2, false), 0);
  assert_int_equal(add("run:5", once, 1, true), 0);
  assert_true(findings.list[0].runs == 2 && findings.list[0].rank == 2);
}

/* What two workers found is put together as if one had found it. */
static void lists_are_merged(void **state) {
  struct nomem__findings first;
  (void)state;
  add("run:5", once, 5, false);
  add("run:6", once, 6, false);
  first = findings;
  findings = (struct nomem__findings){0};
  add("run:5", once, 1, false);
  add("run:7", always, 7, false);
  nomem__findings_merge(&findings, &first);
  assert_true(first.count == 0 && first.list == NULL);
  assert_int_equal(findings.count, 3);
  assert_true(findings.list[0].runs == 2 && findings.list[0].rank == 1);
  assert_true(findings.list[2].runs == 1 && findings.list[2].rank == 6);
}

/* Findings that are made up, to be merged or sorted. */
static void make(const struct nomem__finding *list, size_t count) {
  nomem__findings_free(&findings);
  findings.list = calloc(count, sizeof *list);
  assert_non_null(findings.list);
  memcpy(findings.list, list, count * sizeof *list);
  findings.count = findings.room = count;
}

static struct nomem__finding leak(struct nomem__point point, const char *line, uint64_t runs) {
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_LEAK, .point = point, .runs = runs};
  finding.blow_up = recorded_trace(STACK("malloc", line, "main:1"));
  return finding;
}

/* A leak that only the failure of all later calls has shown counts with one of the same function's blocks that a single
 * failure has shown. */
static void leaks_of_several_failures(void **state) {
  (void)state;
  make((struct nomem__finding[]){leak(always, "run:5", 3), leak(once, "run:6", 2)}, 2);
  nomem__findings_merge_persistent(&findings, NULL);
  assert_true(findings.count == 1 && findings.list[0].runs == 5 && !findings.list[0].point.persistent);
  make((struct nomem__finding[]){leak(always, "run:5", 3), leak(once, "make:6", 2)}, 2);
  nomem__findings_merge_persistent(&findings, NULL);
  assert_int_equal(findings.count, 2); /* another function's */
  make((struct nomem__finding[]){leak(always, "run:5", 3), leak(always, "run:6", 2)}, 2);
  nomem__findings_merge_persistent(&findings, NULL);
  assert_int_equal(findings.count, 2); /* a single failure has neither */
  make((struct nomem__finding[]){leak(once, "run:5", 3), leak(once, "run:6", 2)}, 2);
  nomem__findings_merge_persistent(&findings, NULL);
  assert_int_equal(findings.count, 2);
  struct nomem__finding known[] = {leak(always, "run:5", 3), leak(once, "run:6", 2)};
  known[0].blow_up.skipped_frames = 1; /* which failure lost it is known */
  make(known, 2);
  nomem__findings_merge_persistent(&findings, NULL);
  assert_int_equal(findings.count, 2);
  struct nomem__finding crashes[] = {leak(always, "run:5", 3), leak(once, "run:6", 2)};
  crashes[0].verdict = crashes[1].verdict = NOMEM_VERDICT_CRASH;
  make(crashes, 2);
  nomem__findings_merge_persistent(&findings, NULL);
  assert_int_equal(findings.count, 2);
}

static void leftovers_of_several_failures(void **state) {
  struct nomem__finding list[] = {{.verdict = NOMEM_VERDICT_LEFTOVER, .point = always, .runs = 1, .detail = "a file"},
                                  {.verdict = NOMEM_VERDICT_LEFTOVER, .point = once, .runs = 1, .detail = "a file"}};
  (void)state;
  make(list, 2);
  nomem__findings_merge_persistent(&findings, NULL);
  assert_true(findings.count == 1 && findings.list[0].runs == 2);
  strcpy(list[1].detail, "another");
  make(list, 2);
  nomem__findings_merge_persistent(&findings, NULL);
  assert_int_equal(findings.count, 2);
}

/* How many findings two are of the same place, told apart by the call of test code's that had failed. */
static size_t unreported(struct nomem__finding one, struct nomem__finding two) {
  make((struct nomem__finding[]){one, two}, 2);
  nomem__findings_merge_unreported(&findings);
  return findings.count;
}

/* They are one again, unless a call had reported the failure, or one does not come again. */
static void runs_that_nothing_was_reported_in(void **state) {
  const struct nomem__finding one = {.verdict = NOMEM_VERDICT_ABORT, .location_hash = 1, .runs = 2, .rank = 5},
                              two = {.verdict = NOMEM_VERDICT_ABORT, .location_hash = 1, .runs = 3, .rank = 4};
  struct nomem__finding other = two;
  (void)state;
  assert_int_equal(unreported(one, two), 1);
  assert_true(findings.list[0].runs == 5 && findings.list[0].rank == 4);
  other.location_hash = 2;
  assert_int_equal(unreported(one, other), 2);
  other = two;
  other.verdict = NOMEM_VERDICT_CRASH;
  assert_int_equal(unreported(one, other), 2);
  other = two;
  other.is_flaky = true;
  assert_int_equal(unreported(one, other), 2);
  other = two;
  other.reported_error = "the test went on";
  assert_int_equal(unreported(one, other), 2);
  assert_int_equal(unreported(other, one), 2);
}

/* The worst first, and within a verdict the one with the most runs; flaky ones last. */
static void the_order(void **state) {
  const struct nomem__finding list[] = {{.verdict = NOMEM_VERDICT_CORRUPTION, .is_flaky = true, .runs = 1, .hash = 0},
                                        {.verdict = NOMEM_VERDICT_LEAK, .runs = 9, .hash = 1},
                                        {.verdict = NOMEM_VERDICT_CRASH, .runs = 2, .hash = 3},
                                        {.verdict = NOMEM_VERDICT_CRASH, .runs = 3, .hash = 4},
                                        {.verdict = NOMEM_VERDICT_CRASH, .runs = 2, .hash = 2}};
  const uint64_t order[] = {4, 2, 3, 1, 0};
  (void)state;
  make(list, 5);
  nomem__findings_sort(&findings);
  for (unsigned i = 0; i < 5; i++) assert_int_equal(findings.list[i].hash, order[i]);
  nomem__findings_drop(&findings, NOMEM_VERDICT_CRASH);
  assert_int_equal(findings.count, 2);
  assert_true(findings.list[0].hash == 1 && findings.list[1].hash == 0);
}

/* Why a finding with this verdict, that blew up there, is the test's own fault; "" where it is not. */
static const char *reason(enum nomem__verdict verdict, const char *const *stack) {
  struct nomem__finding finding = {.verdict = verdict, .blow_up = recorded_trace(stack)};
  const char *text = nomem__finding_test_reason(&finding, &divided);
  return text != NULL ? text : "";
}

/* What test code crashes in, or does not free, is its own; what it aborts in was judged before. */
static void faults_of_the_test(void **state) {
  (void)state;
  assert_string_equal(reason(NOMEM_VERDICT_LEAK, STACK("malloc", "test_one:5")),
                      "the test's own code did not free what it had");
  assert_string_equal(reason(NOMEM_VERDICT_LEAK, STACK("malloc", "run:5", "test_one:5")), "");
  assert_string_equal(reason(NOMEM_VERDICT_CRASH, STACK("test_one:5")),
                      "the test's own code used what it did not check");
  assert_string_equal(reason(NOMEM_VERDICT_SANITIZER, STACK("test_one:5")),
                      "the test's own code used what it did not check");
  assert_string_equal(reason(NOMEM_VERDICT_CRASH, STACK("run:5", "test_one:5")), "");
  assert_string_equal(reason(NOMEM_VERDICT_ABORT, STACK("test_one:5")), "");
  struct nomem__finding passed_on = {.verdict = NOMEM_VERDICT_CRASH, .blow_up = recorded_trace(STACK("run:5"))};
  passed_on.unchecked.where = recorded_trace(STACK("test_one:5"));
  assert_string_equal(nomem__finding_test_reason(&passed_on, &divided),
                      "the test passed on NULL, which it had not checked");
  passed_on.unchecked.where = recorded_trace(STACK("app:5"));
  assert_null(nomem__finding_test_reason(&passed_on, &divided));
}

/* What test code ignored, as it was found before. */
static void what_the_test_ignored(void **state) {
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_ABORT, .is_ignored_by_test = true};
  (void)state;
  assert_string_equal(nomem__finding_test_reason(&finding, &divided),
                      "the test passed on NULL, which it had not checked");
  finding.verdict = NOMEM_VERDICT_HANG;
  assert_string_equal(nomem__finding_test_reason(&finding, &divided),
                      "the test went on after a call of its own had failed");
  finding.is_ignored_by_test = false;
  assert_null(nomem__finding_test_reason(&finding, &divided));
  finding.reported_error = "so it was";
  assert_string_equal(nomem__finding_test_reason(&finding, &divided), "so it was");
}

/* A loop in test code, but not a wait. */
static void a_loop_of_the_tests_own(void **state) {
  struct nomem__waiter thread = {.what = "busy: it used the processor for 1.00 of 1.00 s"};
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_HANG, .threads = &thread, .thread_count = 1};
  (void)state;
  finding.blow_up = recorded_trace(STACK("test_one:5"));
  assert_string_equal(nomem__finding_test_reason(&finding, &divided), "the test's own loop does not end");
  finding.blow_up = recorded_trace(STACK("run:5"));
  assert_null(nomem__finding_test_reason(&finding, &divided));
  finding.blow_up = recorded_trace(STACK("test_one:5"));
  strcpy(thread.what, "waits for a lock");
  assert_null(nomem__finding_test_reason(&finding, &divided));
}

/* Whether an abort is the test's own: a call was failed at fault, and it aborted there. */
static bool is_of_test(const struct nomem__code_owners *owners, const char *const *fault, const char *const *stack) {
  begin_run(NOMEM_VERDICT_ABORT);
  record_program(run, APP);
  record_fault(run, fault);
  record_death(run, SIGABRT, stack);
  return nomem__is_abort_of_test(&run->outcome, owners);
}

/* Raised in test code, or by a C++ run-time that has no memory for the exception. */
static void aborts_of_the_test(void **state) {
  const char *const *failed = STACK("malloc", "app:5", "main:1");
  (void)state;
  assert_true(is_of_test(&divided, failed, STACK("abort", "test_one:6", "main:1")));
  assert_false(is_of_test(&undivided, failed, STACK("abort", "test_one:6", "main:1")));
  assert_false(is_of_test(&divided, failed, STACK("abort", "run:6", "test_one:6", "main:1")));
  assert_true(is_of_test(&undivided, failed,
                         STACK("abort", "terminate", "__cxa_allocate_exception", "run:6", "main:1")) == true);
  assert_false(is_of_test(&undivided, failed, STACK("abort", "terminate", "run:6", "main:1")));
}

/* An abort in the program itself when the failed call was made by a library under it, in this process; or in another,
 * where this one had none failed. Where --under-test says what is tested, that decides. */
static void aborts_of_the_program(void **state) {
  const struct nomem__code_owners named = {.globs = "src/*", .is_divided = true};
  const char *const *failed = STACK("malloc", "run:5", "app:5", "main:1"), *const *raised =
                                                                               STACK("abort", "app:6", "main:1");
  (void)state;
  assert_true(is_of_test(&undivided, failed, raised));
  assert_false(is_of_test(&undivided, STACK("malloc", "app:5", "main:1"), raised));
  assert_false(is_of_test(&undivided, failed, STACK("abort", "run:6", "app:6", "main:1")));
  assert_false(is_of_test(&named, failed, raised));
  is_of_test(&undivided, failed, raised);
  run->channel->faults[0].pid++;
  assert_true(nomem__is_abort_of_test(&run->outcome, &undivided));
  record_fault(run, STACK("malloc", "app:5", "main:1")); /* this one had its own */
  assert_false(nomem__is_abort_of_test(&run->outcome, &undivided));
  run->outcome.end.has_stack = false;
  assert_false(nomem__is_abort_of_test(&run->outcome, &undivided));
  strcpy(run->outcome.report.kind, "LeakSanitizer: detected memory leaks"); /* its stack raised nothing */
  run->outcome.report.trace = recorded_trace(STACK("test_one:5", "main:1"));
  assert_false(nomem__is_abort_of_test(&run->outcome, &divided));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(one_place_is_one_finding),
      CASE(the_exemplar),
      CASE(a_run_that_was_ended_early),
      CASE(lists_are_merged),
      CASE(leaks_of_several_failures),
      CASE(leftovers_of_several_failures),
      CASE(runs_that_nothing_was_reported_in),
      CASE(the_order),
      CASE(faults_of_the_test),
      CASE(what_the_test_ignored),
      CASE(a_loop_of_the_tests_own),
      CASE(aborts_of_the_test),
      CASE(aborts_of_the_program),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
