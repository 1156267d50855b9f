/* SPDX-License-Identifier: MIT */
/* Which runs are one finding, which of them test code may be to blame for, and which are looked at once more for that.
 */
#include "fixtures/judged_run.h"

#include "../../faults/explore/judge/grouping.h"

const struct recorded_function recorded_functions[] = {
    JUDGED_FUNCTIONS,
    {.name = "use_two", .module = DEMO, .file = "src/use.c", .pointers = 2},
    {.name = "other", .module = DEMO, .file = "src/other.c"},
    {0},
};

static struct nomem__thread thread;

static int begin(void **state) {
  (void)state;
  return 0;
}

static int end(void **state) {
  (void)state;
  end_run();
  return 0;
}

/* A run with this verdict in which a call was failed at fault. */
static void record(enum nomem__verdict verdict, const char *const *fault) {
  begin_run(verdict);
  record_fault(run, fault);
}

static struct nomem__grouping group_by(const struct nomem__code_owners *owners) {
  struct nomem__run_stacks stacks;
  nomem__collect_stacks(&judged, owners, &stacks);
  struct nomem__grouping grouping = nomem__group_run(&judged, owners, &stacks);
  free(stacks.threads);
  return grouping;
}

static uint64_t hash(void) {
  return group_by(&undivided).hash;
}

/* The hash of a run that was killed there. */
static uint64_t death(enum nomem__verdict verdict, int signal, const char *const *stack) {
  record(verdict, STACK("malloc", "other", "main:9"));
  record_death(run, signal, stack);
  run->outcome.end.stack.fault_address = 0x5000000;
  return hash();
}

#define CRASH(...) death(NOMEM_VERDICT_CRASH, SIGSEGV, STACK(__VA_ARGS__))
#define ABORT(...) death(NOMEM_VERDICT_ABORT, SIGABRT, STACK(__VA_ARGS__))
#define HANG(...) hang(STACK(__VA_ARGS__))

/* A crash: the same line of the same function, called by the same function. The run-times do not matter. */
static void crashes(void **state) {
  (void)state;
  uint64_t one = CRASH("strlen", "use:5", "main:1");
  assert_int_equal(CRASH("use:5", "main:2"), one); /* another line of the caller */
  assert_int_equal(CRASH("use:5+1", "main:1"), one);
  assert_int_not_equal(CRASH("use:6", "main:1"), one);
  assert_int_not_equal(CRASH("other:5", "main:1"), one);
  assert_int_not_equal(CRASH("use:5", "other:1"), one); /* a helper that follows the pointer of five callers */
  assert_int_not_equal(death(NOMEM_VERDICT_CRASH, SIGFPE, STACK("use:5", "main:1")), one);
  assert_int_not_equal(CRASH("stripped:5", "main:1"), CRASH("stripped:5+1", "main:1"));
}

/* Unless it is known that no argument was NULL: then the callers have nothing to do with it. */
static void crashes_without_null(void **state) {
  (void)state;
  uint64_t hashes[2], with_null[2];
  const char *const *stacks[] = {STACK("use:5", "main:1"), STACK("use:5", "run:1")};
  for (unsigned i = 0; i < 2; i++) {
    with_null[i] = death(NOMEM_VERDICT_CRASH, SIGSEGV, stacks[i]);
    record_argument(run, 0, 0, 0x5000);
    hashes[i] = hash();
  }
  assert_int_equal(hashes[0], hashes[1]);
  assert_int_not_equal(with_null[0], with_null[1]);
}

/* All crashes after the same unchecked call are one finding, wherever they happen; two calls are two, in one place. */
static void unchecked_calls(void **state) {
  (void)state;
  uint64_t hashes[3];
  const char *const *faults[] = {STACK("make", "run:5", "main:1"), STACK("make", "run:5", "main:1"),
                                 STACK("make", "run:6", "main:1")};
  const char *const *deaths[] = {STACK("run:7", "main:1"), STACK("use:1", "run:8", "main:1"), STACK("run:7", "main:1")};
  for (unsigned i = 0; i < 3; i++) {
    record(NOMEM_VERDICT_CRASH, faults[i]);
    record_death(run, SIGSEGV, deaths[i]);
    hashes[i] = hash();
  }
  assert_int_equal(hashes[0], hashes[1]);
  assert_int_not_equal(hashes[0], hashes[2]);
}

/* An abort: the same line, whoever comes to it. */
static void aborts(void **state) {
  (void)state;
  uint64_t one = ABORT("raise", "abort", "run:5", "main:1");
  assert_int_equal(ABORT("raise", "abort", "run:5", "other:1"), one);
  assert_int_not_equal(ABORT("raise", "abort", "run:6", "main:1"), one);
}

/* An exception that nobody catches: the function that lets it escape, wherever in it the exception came from. */
static void escaped_exceptions(void **state) {
  (void)state;
  uint64_t one = ABORT("abort", "terminate", "make:1", "run:5");
  assert_int_equal(ABORT("abort", "terminate", "other:1", "run:9"), one);
  assert_int_not_equal(ABORT("abort", "terminate", "make:1", "main:5"), one);
}

static uint64_t hang(const char *const *stack) {
  record(NOMEM_VERDICT_HANG, STACK("malloc", "other", "main:9"));
  record_hang(run, stack);
  return hash();
}

/* A hang: the same function, wherever in its loop, called from the same line. */
static void hangs(void **state) {
  (void)state;
  uint64_t one = HANG("run:5", "main:1");
  assert_int_equal(HANG("run:6", "main:1"), one);
  assert_int_not_equal(HANG("run:5", "main:2"), one);
  assert_int_not_equal(HANG("other:5", "main:1"), one);
}

/* A sanitizer's finding is known by what it reports, too. */
static void reports(void **state) {
  (void)state;
  record(NOMEM_VERDICT_SANITIZER, STACK("malloc", "other", "main:9"));
  strcpy(run->outcome.report.kind, "AddressSanitizer: heap-use-after-free");
  run->outcome.report.trace = recorded_trace(STACK("run:5", "main:1"));
  uint64_t one = hash();
  strcpy(run->outcome.report.kind, "AddressSanitizer: heap-buffer-overflow");
  assert_int_not_equal(hash(), one);
}

/* One corruption, whether the C library noticed it or the block table. */
static void corruptions(void **state) {
  (void)state;
  uint64_t one = death(NOMEM_VERDICT_CORRUPTION, SIGABRT, STACK("raise", "abort", "run:5", "main:1"));
  record(NOMEM_VERDICT_CORRUPTION, STACK("malloc", "other", "main:9"));
  struct nomem_misuse *misuse = &run->channel->misuses[0];
  misuse->call_depth = record_frames(run, STACK("run:5", "main:1"), misuse->call);
  residue.misuse = misuse;
  assert_int_equal(hash(), one);
}

static uint64_t leak(const char *const *fault, const char *const *allocated, bool persistent) {
  record(NOMEM_VERDICT_LEAK, fault);
  residue.has_leak = true;
  residue.leak.site = record_site(run, allocated);
  judged.point.persistent = persistent;
  return hash();
}

/* A leak: the line of the function that led both to the allocation and to the call that failed. Of several failures
 * there is no telling: then the function that allocated. */
static void leaks(void **state) {
  (void)state;
  uint64_t one =
      leak(STACK("malloc", "make:3", "run:5", "main:1"), STACK("malloc", "make:1", "run:4", "main:1"), false);
  assert_int_equal(
      leak(STACK("malloc", "other:3", "run:5", "main:1"), STACK("malloc", "use:1", "run:3", "main:1"), false), one);
  assert_int_not_equal(
      leak(STACK("malloc", "make:3", "run:6", "main:1"), STACK("malloc", "make:1", "run:4", "main:1"), false), one);
  uint64_t all = leak(STACK("malloc", "make:3", "run:5", "main:1"), STACK("malloc", "make:1", "run:4", "main:1"), true);
  assert_int_not_equal(all, one);
  assert_int_equal(leak(STACK("malloc", "other:3", "main:1"), STACK("malloc", "make:9", "use:4", "main:1"), true), all);
  assert_int_not_equal(leak(STACK("malloc", "other:3", "main:1"), STACK("malloc", "use:9", "main:1"), true), all);
}

static uint64_t leftover(uint64_t file, bool persistent, const char *const *fault, const char *detail) {
  record(NOMEM_VERDICT_LEFTOVER, fault);
  judged.file_hash = file;
  judged.detail = detail;
  judged.point.persistent = persistent;
  return hash();
}

/* A file: its name, and the function whose call failed; of several failures the name alone. Others: what is left. */
static void leftovers(void **state) {
  (void)state;
  uint64_t one = leftover(1, false, STACK("malloc", "run:5"), "");
  assert_int_equal(leftover(1, false, STACK("malloc", "run:6"), ""), one);
  assert_int_not_equal(leftover(1, false, STACK("malloc", "use:5"), ""), one);
  assert_int_not_equal(leftover(2, false, STACK("malloc", "run:5"), ""), one);
  assert_int_equal(leftover(1, true, STACK("malloc", "run:5"), ""), leftover(1, true, STACK("malloc", "use:5"), ""));
  assert_int_equal(leftover(0, false, STACK("run:5"), "descriptor 3 is open: socket"),
                   leftover(0, false, STACK("use:5"), "descriptor 4 is open: socket"));
  assert_int_not_equal(leftover(0, false, STACK("run:5"), "descriptor 3 is open: socket"),
                       leftover(0, false, STACK("run:5"), "descriptor 3 is open: pipe"));
}

/* Of two faults it is the second one's function that left a file. */
static void a_file_after_a_second_fault(void **state) {
  (void)state;
  uint64_t hashes[2];
  for (unsigned i = 0; i < 2; i++) {
    leftover(1, false, STACK("malloc", "run:5"), "");
    record_fault(run, i == 0 ? STACK("malloc", "run:5") : STACK("malloc", "use:5"));
    judged.point.second = 1;
    hashes[i] = hash();
  }
  assert_int_not_equal(hashes[0], hashes[1]);
  assert_int_equal(hashes[0], leftover(1, false, STACK("malloc", "run:5"), ""));
}

/* A crash or an abort after test code has passed on NULL is a finding apart from the others in that place. */
static void test_code_passed_null_on(void **state) {
  (void)state;
  record(NOMEM_VERDICT_CRASH, STACK("malloc", "run:5", "test_one:5", "main:1"));
  record_death(run, SIGSEGV, STACK("use:5", "test_one:6", "main:1"));
  struct nomem__grouping grouping = group_by(&divided);
  assert_true(grouping.is_ignored_by_test && !grouping.needs_return_watch);
  uint64_t apart = grouping.hash;
  record_argument(run, 0, 0, 0x5000);
  grouping = group_by(&divided);
  assert_false(grouping.is_ignored_by_test);
  assert_int_not_equal(grouping.location_hash, apart);
  record(NOMEM_VERDICT_ABORT, STACK("malloc", "run:5", "test_one:5", "main:1"));
  record_death(run, SIGABRT, STACK("abort", "use:5", "test_one:6", "main:1"));
  grouping = group_by(&divided);
  assert_true(grouping.is_ignored_by_test && grouping.needs_return_watch); /* the failed call may have said nothing */
  apart = grouping.location_hash;
  record_argument(run, 1, 0, 0x5000);
  grouping = group_by(&divided);
  assert_true(!grouping.is_ignored_by_test && grouping.needs_return_watch);
  assert_int_not_equal(grouping.location_hash, apart);
}

/* A run that hangs, in a thread that waits in this system call, or is busy. */
static void record_waiting(const char *const *fault, const char *const *stack, char state, long call) {
  record(NOMEM_VERDICT_HANG, fault);
  record_hang(run, stack);
  thread = (struct nomem__thread){
      .stack = run->outcome.end.stack, .pid = RECORDED_PID, .tid = RECORDED_PID, .state = state, .call = call};
  run->outcome.end.threads = (struct nomem__threads){.list = &thread, .count = 1};
}

/* A hang other than at a lock, below another call of test code's than the one that failed. */
static void test_code_went_on_to_a_hang(void **state) {
  const char *const *failed = STACK("malloc", "run:5", "test_one:5", "main:1");
  (void)state;
  record_waiting(failed, STACK("use:5", "test_one:6", "main:1"), 'S', 0);
  assert_true(group_by(&divided).is_ignored_by_test);
  record_waiting(failed, STACK("use:5", "test_one:6", "main:1"), 'R', -1);
  assert_true(group_by(&divided).is_ignored_by_test);
  record_waiting(failed, STACK("use:5", "test_one:5", "main:1"), 'S', 0);
  assert_false(group_by(&divided).is_ignored_by_test);
  record_waiting(failed, STACK("pthread_mutex_lock", "use:5", "test_one:6", "main:1"), 'S', 202);
  assert_false(group_by(&divided).is_ignored_by_test);
  run->outcome.end.threads.count = 0; /* not known what it waits for */
  assert_false(group_by(&divided).is_ignored_by_test);
}

/* A hang in test code itself after a call of its own was failed, whatever it waits for. */
static void test_code_hangs(void **state) {
  (void)state;
  record_waiting(STACK("malloc", "hook:5", "test_one:5"), STACK("pthread_mutex_lock", "test_one:6"), 'S', 202);
  assert_true(group_by(&divided).is_ignored_by_test);
  record_waiting(STACK("malloc", "run:5", "test_one:5"), STACK("pthread_mutex_lock", "test_one:5"), 'S', 202);
  assert_false(group_by(&divided).is_ignored_by_test);
  record_waiting(STACK("malloc", "hook:5", "test_one:5"), STACK("pthread_mutex_lock", "use:1", "test_one:5"), 'S', 202);
  assert_false(group_by(&divided).is_ignored_by_test);
}

/* No function was given NULL. */
static void record_no_null(void) {
  for (unsigned i = 0; i < run->outcome.end.stack.depth; i++) record_argument(run, i, 0, 0x5000);
}

static bool needs_watch(enum nomem__verdict verdict, int signal, uint64_t address, const char *const *stack) {
  record(verdict, STACK("malloc", "run:5", "test_one:5", "main:1"));
  record_death(run, signal, stack);
  run->outcome.end.stack.fault_address = address;
  record_no_null();
  struct nomem__grouping grouping = group_by(&divided);
  assert_int_equal(grouping.hash != grouping.location_hash, grouping.needs_return_watch);
  return grouping.needs_return_watch;
}

/* Which blow-ups may come of a failure that was reported to test code: a crash at NULL or at a stray pointer, an abort
 * that is no exception's, a broken heap. Not what test code itself does, nor without a stack. */
static void what_may_have_been_reported(void **state) {
  const char *const *stack = STACK("use:5", "test_one:6", "main:1");
  (void)state;
  assert_true(needs_watch(NOMEM_VERDICT_CRASH, SIGSEGV, 0, stack));
  assert_true(needs_watch(NOMEM_VERDICT_CRASH, SIGSEGV, 0x5000000, stack));
  assert_false(needs_watch(NOMEM_VERDICT_CRASH, SIGFPE, 0, stack));
  assert_true(needs_watch(NOMEM_VERDICT_ABORT, SIGABRT, 0, STACK("abort", "use:5", "test_one:6", "main:1")));
  assert_false(
      needs_watch(NOMEM_VERDICT_ABORT, SIGABRT, 0, STACK("abort", "terminate", "use:5", "test_one:6", "main:1")));
  assert_true(needs_watch(NOMEM_VERDICT_CORRUPTION, SIGABRT, 0, STACK("abort", "use:5", "test_one:6", "main:1")));
  assert_true(
      needs_watch(NOMEM_VERDICT_CORRUPTION, SIGABRT, 0, STACK("abort", "test_one:6", "main:1"))); /* its own free */
  assert_false(needs_watch(NOMEM_VERDICT_SANITIZER, SIGABRT, 0, STACK("abort", "use:5", "test_one:6", "main:1")));
  assert_false(needs_watch(NOMEM_VERDICT_CRASH, SIGSEGV, 0, STACK("test_one:6", "main:1")));
  assert_false(needs_watch(NOMEM_VERDICT_CRASH, SIGSEGV, 0x5000000, STACK("test_one:6", "main:1")));
  needs_watch(NOMEM_VERDICT_CRASH, SIGSEGV, 0, stack);
  assert_false(group_by(&undivided).needs_return_watch);
  run->outcome.end.has_stack = false;
  assert_false(group_by(&divided).needs_return_watch);
}

/* Nor where it is known already which call of its own test code did not check. */
static void an_unchecked_call_of_the_test(void **state) {
  (void)state;
  record(NOMEM_VERDICT_CRASH, STACK("malloc", "run:5", "test_one:5", "main:1"));
  record_death(run, SIGSEGV, STACK("use_two:1", "test_one:6", "main:1"));
  record_argument(run, 0, 0, 0x5000);
  assert_false(group_by(&divided).needs_return_watch);
  record_argument(run, 0, 1, 0x5000);
  assert_true(group_by(&divided).needs_return_watch);
}

/* Without test code behind the fault nothing was reported to it. */
static void a_fault_that_is_not_below_test_code(void **state) {
  (void)state;
  record(NOMEM_VERDICT_CRASH, STACK("malloc", "run:5", "main:1"));
  record_death(run, SIGSEGV, STACK("use:5", "test_one:6", "main:1"));
  record_argument(run, 0, 0, 0x5000);
  assert_false(group_by(&divided).needs_return_watch);
}

/* Runs are told apart by the call of test code's that failed; where that may be the very call that blew up, not. */
static void by_the_call_that_failed(void **state) {
  (void)state;
  uint64_t hashes[2];
  for (unsigned i = 0; i < 2; i++) {
    record(NOMEM_VERDICT_ABORT,
           i == 0 ? STACK("malloc", "run:5", "test_one:5") : STACK("malloc", "run:5", "test_one:4"));
    record_death(run, SIGABRT, STACK("abort", "use:5", "test_one:6"));
    record_no_null();
    hashes[i] = group_by(&divided).hash;
  }
  assert_int_not_equal(hashes[0], hashes[1]);
  record(NOMEM_VERDICT_ABORT, STACK("malloc", "use:4", "test_one:6"));
  record_death(run, SIGABRT, STACK("abort", "use:5", "test_one:6"));
  struct nomem__grouping grouping = group_by(&divided);
  assert_true(grouping.needs_return_watch && grouping.hash == grouping.location_hash);
}

/* Of a hang only that of the thread in which the last call was failed, and not at a lock. */
static void hangs_that_may_have_been_reported(void **state) {
  const char *const *same = STACK("use:5", "test_one:5", "main:1"), *const *failed = STACK("malloc", "use:4",
                                                                                           "test_one:5", "main:1");
  (void)state;
  record_waiting(failed, same, 'S', 0);
  assert_true(group_by(&divided).needs_return_watch);
  record_waiting(failed, STACK("pthread_mutex_lock", "use:5", "test_one:5", "main:1"), 'S', 202);
  assert_false(group_by(&divided).needs_return_watch);
  record_waiting(failed, same, 'S', 0);
  struct nomem__thread two[] = {thread, thread};
  two[1].tid++;
  two[0].stack = recorded_stack(STACK("pthread_mutex_lock", "use:5", "test_one:5", "main:1"));
  two[0].call = 202;
  run->outcome.end.threads = (struct nomem__threads){.list = two, .count = 2, .main_thread = 1};
  assert_false(group_by(&divided).needs_return_watch); /* the other one is shown, which waits for a lock */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(crashes),
      CASE(crashes_without_null),
      CASE(unchecked_calls),
      CASE(aborts),
      CASE(escaped_exceptions),
      CASE(hangs),
      CASE(reports),
      CASE(corruptions),
      CASE(leaks),
      CASE(leftovers),
      CASE(a_file_after_a_second_fault),
      CASE(test_code_passed_null_on),
      CASE(test_code_went_on_to_a_hang),
      CASE(test_code_hangs),
      CASE(what_may_have_been_reported),
      CASE(an_unchecked_call_of_the_test),
      CASE(a_fault_that_is_not_below_test_code),
      CASE(by_the_call_that_failed),
      CASE(hangs_that_may_have_been_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
