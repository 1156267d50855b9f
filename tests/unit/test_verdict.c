/* SPDX-License-Identifier: MIT */
/* The verdict about a run, for every kind of end a run can have. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../../faults/explore/judge/verdict.h"
#include "../../faults/plan.h"

#define EXITED(status) W_EXITCODE(status, 0)
#define KILLED(signal) W_EXITCODE(0, signal)

static const struct nomem__evidence reached = {.fault_reached = true};

static enum nomem__verdict verdict(struct nomem__evidence evidence) {
  return nomem__judge(&evidence);
}

/* A run whose fault never came says nothing about the fault, however it ended. */
static void unreached_whatever_happened(void **state) {
  (void)state;
  assert_int_equal(verdict((struct nomem__evidence){0}), NOMEM_VERDICT_UNREACHED);
  assert_int_equal(verdict((struct nomem__evidence){
                       .root_status = KILLED(SIGSEGV), .fatal_deaths = 1, .fatal_signal = SIGSEGV, .timed_out = true}),
                   NOMEM_VERDICT_UNREACHED);
}

/* The same end as the baseline is handled, also when the baseline's is not 0; any other end by itself is reported. */
static void handled_and_reported(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANDLED);
  evidence.root_status = EXITED(1);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_REPORTED);
  evidence.baseline_status = EXITED(1);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANDLED);
  evidence.root_status = EXITED(0);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_REPORTED);
}

/* Data lost in silence is worse than a handled failure, and no matter to a run that ended in any other way. */
static void swallowed(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.has_swallowed = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_SWALLOWED);
  evidence.root_status = EXITED(1);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_REPORTED);
  evidence = reached;
  evidence.has_swallowed = evidence.timed_out = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANG);
}

/* That nothing at all is left of the output counts, unless the run has reported it or skipped itself. */
static void mute(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.is_mute = evidence.has_swallowed = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_MUTE);
  assert_true(nomem__verdict_counts(NOMEM_VERDICT_MUTE, false));
  assert_false(nomem__verdict_counts(NOMEM_VERDICT_SWALLOWED, false));
  evidence.has_leftover = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_MUTE);
  evidence.is_skipped = evidence.has_leftover = false;
  evidence.root_status = EXITED(1);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_REPORTED);
  evidence.is_skipped = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANDLED);
}

/* What the test says counts, however it ends: unless it crashes or hangs, which is worse. */
static void wrong(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.is_wrong = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_WRONG);
  assert_true(nomem__verdict_counts(NOMEM_VERDICT_WRONG, false));
  evidence.has_leaked = evidence.is_skipped = true;
  evidence.root_status = EXITED(1);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_WRONG);
  evidence.fatal_deaths = 1;
  evidence.fatal_signal = SIGABRT;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_WRONG);
  evidence.is_corrupt = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CORRUPTION);
  evidence.fatal_signal = SIGSEGV;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CRASH);
  evidence = reached;
  evidence.is_wrong = evidence.timed_out = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANG);
  evidence.fault_reached = false;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_UNREACHED);
}

/* What an interpreter says of a module counts however the run ended, unless there is worse. */
static void internal(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.has_internal_error = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_INTERNAL);
  assert_true(nomem__verdict_counts(NOMEM_VERDICT_INTERNAL, false));
  evidence.root_status = EXITED(1);
  evidence.has_leaked = evidence.has_leftover = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_INTERNAL);
  evidence.timed_out = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANG);
  evidence.timed_out = false;
  evidence.fatal_deaths = 1;
  evidence.fatal_signal = SIGABRT;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_ABORT);
}

/* A reason that is none is worth a word where the run has given up, and none elsewhere. */
static void misreported(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.says_success = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANDLED);
  evidence.root_status = EXITED(1);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_MISREPORTED);
  assert_false(nomem__verdict_counts(NOMEM_VERDICT_MISREPORTED, false));
  evidence.has_leaked = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_LEAK);
}

/* A report counts however the run ended, but a crash by a signal says more. What was left counts at a comparable
 * end. */
static void reports(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.has_report = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_SANITIZER);
  evidence.root_status = EXITED(1);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_SANITIZER);
  evidence.fatal_deaths = 1;
  evidence.fatal_signal = SIGABRT;
  evidence.raised_by_test = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_SANITIZER);
  evidence.fatal_signal = SIGSEGV;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CRASH);

  evidence = reached;
  evidence.has_report = evidence.is_leak = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_SANITIZER);
  evidence.is_leak_of_test = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANDLED);
  evidence.is_leak_of_test = false;
  evidence.root_status = EXITED(1);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_REPORTED);
  evidence.root_status = 0;
  evidence.timed_out = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANG);
}

/* Memory that is left says more than a file, unless the program gave up: then it leaves memory to the kernel. */
static void what_is_left(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.has_leftover = evidence.has_left_file = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_LEFTOVER);
  evidence.has_leaked = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_LEAK);
  evidence.root_status = EXITED(1);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_LEFTOVER);
  evidence.has_left_file = false;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_LEAK);
}

/* A test that skips itself has coped with the failure; one that also had a process die has not. */
static void skipped_is_handled(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.is_skipped = true;
  evidence.root_status = EXITED(77);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANDLED);
  evidence.fatal_deaths = 1;
  evidence.fatal_signal = SIGSEGV;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CRASH);
}

/* A signal that no bug raises is somebody's decision: a refusal. */
static void other_signals_are_refusals(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.root_status = KILLED(SIGTERM);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_REPORTED);
}

/* Each signal that a bug raises is a crash, but SIGABRT, which is an abort. */
static void fatal_signals(void **state) {
  (void)state;
  const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
  struct nomem__evidence evidence = reached;
  evidence.fatal_deaths = 1;
  for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) {
    evidence.fatal_signal = crashes[i];
    evidence.root_status = KILLED(crashes[i]);
    assert_int_equal(verdict(evidence), NOMEM_VERDICT_CRASH);
  }
  evidence.fatal_signal = SIGABRT;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_ABORT);
}

/* All that glibc 2.36 says of a heap or a stack, and what other versions say in place of the assertion. */
static void reports_of_the_c_library(void **state) {
  static const char *const reports[] = {
      "free(): invalid pointer",
      "free(): invalid size",
      "free(): invalid next size (fast)",
      "free(): double free detected in tcache 2",
      "free(): corrupted unsorted chunks",
      "free(): unaligned chunk detected in tcache 2",
      "free(): too many chunks detected in tcache",
      "malloc(): corrupted top size",
      "malloc(): corrupted unsorted chunks 2",
      "malloc(): memory corruption (fast)",
      "malloc(): invalid size (unsorted)",
      "malloc(): invalid next->prev_inuse (unsorted)",
      "malloc(): unaligned tcache chunk detected",
      "malloc(): smallbin double linked list corrupted",
      "malloc(): largebin double linked list corrupted (bk)",
      "malloc(): unsorted double linked list corrupted",
      "malloc(): mismatching next->prev_size (unsorted)",
      "malloc_consolidate(): invalid chunk size",
      "malloc_consolidate(): unaligned fastbin chunk detected",
      "realloc(): invalid old size",
      "munmap_chunk(): invalid pointer",
      "mremap_chunk(): invalid pointer",
      "tcache_thread_shutdown(): unaligned tcache chunk detected",
      "double free or corruption (!prev)",
      "corrupted size vs. prev_size while consolidating",
      "corrupted double-linked list (not small)",
      "invalid fastbin entry (free)",
      "Fatal glibc error: malloc assertion failure in sysmalloc: (old_top == initial_top (av) && old_size == 0)",
      "Fatal glibc error: malloc.c:2599 (sysmalloc): assertion failed: (old_top == initial_top (av)",
      "prog: malloc.c:2617: sysmalloc: Assertion `(old_top == initial_top (av) && old_size == 0)' failed.",
      "malloc.c:4200: _int_malloc: Assertion `chunk_main_arena (bck->bk)' failed.",
      "*** stack smashing detected ***: terminated",
      "*** buffer overflow detected ***: terminated"};
  static const char *const others[] = {"Fatal glibc error: cannot get entropy for arc4random",
                                       "malloc(): out of memory",
                                       "corrupted input",
                                       "invalid mode",
                                       "*** stack ***",
                                       "prog: malloc.c:12: my_malloc: Assertion `size > 0' failed.",
                                       "prog: alloc.c:12: sysmalloc: Assertion `size > 0' failed.",
                                       "malloc.c:\n12: sysmalloc: Assertion `x'",
                                       "malloc.c:12\n: sysmalloc: Assertion `x'"};
  (void)state;
  for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) assert_true(nomem__is_corruption_text(reports[i]));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(nomem__is_corruption_text(others[i]));
}

/* What the C library says before it aborts is told from what a program says; and it counts with an abort only. */
static void corruption_by_last_words(void **state) {
  (void)state;
  assert_true(nomem__is_corruption_text("free(): double free detected in tcache 2\n"));
  assert_true(nomem__is_corruption_text("one\ndouble free or corruption (fasttop)\nAborted\n"));
  assert_true(nomem__is_corruption_text("*** stack smashing detected ***: terminated"));
  assert_false(nomem__is_corruption_text(""));
  assert_false(nomem__is_corruption_text("malloc(): out of memory\n"));
  assert_false(nomem__is_corruption_text("a test of: free(): invalid pointer\n"));
  struct nomem__evidence evidence = reached;
  evidence.is_corrupt = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANDLED);
  evidence.fatal_deaths = 1;
  evidence.fatal_signal = SIGSEGV;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CRASH);
  evidence.fatal_signal = SIGABRT;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CORRUPTION);
  evidence.raised_by_test = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CORRUPTION);
  evidence.baseline_fatal_deaths = 1;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANDLED);
}

/* A child's death counts though the root exits as ever, but not one that the baseline has as well. */
static void deaths_of_children(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.fatal_deaths = 1;
  evidence.fatal_signal = SIGSEGV;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CRASH);
  evidence.baseline_fatal_deaths = 1;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANDLED);
  evidence.fatal_deaths = 2;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CRASH);
}

/* A signal that was caught counts as a death does, however the run ended, and whatever the baseline died of. */
static void caught_signals(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.was_caught = true;
  evidence.fatal_signal = SIGSEGV;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CRASH);
  evidence.root_status = EXITED(1);
  evidence.baseline_fatal_deaths = 1;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CRASH);
  evidence.timed_out = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CRASH);
  evidence.timed_out = false;
  evidence.fatal_signal = SIGABRT;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_ABORT);
  evidence.raised_by_test = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_REPORTED);
  evidence.is_corrupt = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CORRUPTION);
}

/* The test's own abort about a library's error is a refusal; its crash is still a crash. */
static void a_tests_own_abort(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.fatal_deaths = 1;
  evidence.raised_by_test = true;
  evidence.fatal_signal = SIGABRT;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_REPORTED);
  evidence.fatal_signal = SIGSEGV;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CRASH);
}

/* Time that is up is a hang, unless something died first: then the rest waited for the dead. */
static void hangs(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.timed_out = true;
  evidence.root_status = KILLED(SIGKILL);
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANG);
  evidence.fatal_deaths = 1;
  evidence.fatal_signal = SIGSEGV;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_CRASH);
  evidence.fatal_signal = SIGABRT;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_ABORT);
  evidence.raised_by_test = true; /* a process of the test's has reported it, and the rest waits for that one */
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_REPORTED);
  evidence.fatal_deaths = 0;
  evidence.was_caught = true; /* whoever has caught it went on */
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_HANG);
}

/* What has written too much is ended at once, so nothing that came before or after tells one from another. */
static void floods(void **state) {
  (void)state;
  struct nomem__evidence evidence = reached;
  evidence.is_flooded = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_FLOOD);
  evidence.fatal_deaths = 1;
  evidence.fatal_signal = SIGSEGV;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_FLOOD);
  evidence.timed_out = evidence.has_report = evidence.has_leaked = true;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_FLOOD);
  evidence.fault_reached = false;
  assert_int_equal(verdict(evidence), NOMEM_VERDICT_UNREACHED);
}

/* Every verdict has a name and a meaning, no name twice, and the weightier come before the others. Strictness
 * is about advice only. */
static void texts(void **state) {
  (void)state;
  enum nomem__weight last = NOMEM_WEIGHT_FINDING;
  for (unsigned i = 0; i < NOMEM_VERDICT_COUNT; i++) {
    assert_non_null(nomem__verdicts[i].name);
    assert_non_null(nomem__verdicts[i].meaning);
    for (unsigned j = 0; j < i; j++) assert_string_not_equal(nomem__verdicts[i].name, nomem__verdicts[j].name);
    enum nomem__weight weight = nomem__verdicts[i].weight;
    assert_true(weight <= last);
    last = weight;
    assert_int_equal(nomem__verdict_is_shown(i), weight != NOMEM_WEIGHT_NONE);
    assert_int_equal(nomem__verdict_counts(i, false), weight == NOMEM_WEIGHT_FINDING);
    assert_int_equal(nomem__verdict_counts(i, true), weight != NOMEM_WEIGHT_NONE);
  }
}

static enum nomem__verdict of_hostile(enum nomem__verdict verdict, bool has_other_output, uint32_t ways) {
  return nomem__judge_hostile(&(struct nomem__hostile_evidence){verdict, has_other_output, ways});
}

/* Whatever it ended as that is not as ever is a finding; other output is one where blocks lie where they always do. */
static void hostile_allocators(void **state) {
  (void)state;
  const uint32_t still = NOMEM_HOSTILE_FRESH | NOMEM_HOSTILE_FREED | NOMEM_HOSTILE_ERRNO;
  for (uint32_t ways = 1; ways <= NOMEM_HOSTILE_ALL; ways++) {
    enum nomem__verdict other = (ways & ~still) != 0 ? NOMEM_VERDICT_VARIED : NOMEM_VERDICT_HOSTILE;
    assert_int_equal(of_hostile(NOMEM_VERDICT_UNREACHED, false, ways), NOMEM_VERDICT_UNREACHED);
    assert_int_equal(of_hostile(NOMEM_VERDICT_HANDLED, false, ways), NOMEM_VERDICT_HANDLED);
    assert_int_equal(of_hostile(NOMEM_VERDICT_HANDLED, true, ways), other);
    assert_int_equal(of_hostile(NOMEM_VERDICT_SWALLOWED, true, ways), other);
    assert_int_equal(of_hostile(NOMEM_VERDICT_LEFTOVER, false, ways), NOMEM_VERDICT_VARIED);
    for (unsigned i = 0; i <= NOMEM_VERDICT_MUTE; i++)
      assert_int_equal(of_hostile(i, false, ways), NOMEM_VERDICT_HOSTILE);
    assert_int_equal(of_hostile(NOMEM_VERDICT_REPORTED, false, ways), NOMEM_VERDICT_HOSTILE);
  }
  assert_true(nomem__verdict_is_of_hostile("hostile"));
  assert_true(nomem__verdict_is_of_hostile("varied"));
  assert_false(nomem__verdict_is_of_hostile("crash"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unreached_whatever_happened),
      cmocka_unit_test(handled_and_reported),
      cmocka_unit_test(other_signals_are_refusals),
      cmocka_unit_test(swallowed),
      cmocka_unit_test(mute),
      cmocka_unit_test(wrong),
      cmocka_unit_test(internal),
      cmocka_unit_test(misreported),
      cmocka_unit_test(reports),
      cmocka_unit_test(what_is_left),
      cmocka_unit_test(fatal_signals),
      cmocka_unit_test(skipped_is_handled),
      cmocka_unit_test(reports_of_the_c_library),
      cmocka_unit_test(corruption_by_last_words),
      cmocka_unit_test(deaths_of_children),
      cmocka_unit_test(caught_signals),
      cmocka_unit_test(a_tests_own_abort),
      cmocka_unit_test(hangs),
      cmocka_unit_test(floods),
      cmocka_unit_test(texts),
      cmocka_unit_test(hostile_allocators),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
