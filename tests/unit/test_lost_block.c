/* SPDX-License-Identifier: MIT */
/* Who lost the blocks of a run that gave up: a function that main() called, or main() and test code, which may. */
#include "fixtures/judged_run.h"

#include "../../faults/explore/judge/lost_block.h"

/* clang-format off */
const struct recorded_function recorded_functions[] = {
    JUDGED_FUNCTIONS,
    {.name = "main", .written = "merged_main", .module = APP, .file = "src/merged.c", .inlined = "set_up"},
    {.name = NULL, .written = "bare", .module = APP},
    {.name = "start", .module = LIBC},
    {.name = "regcomp", .module = LIBC},
    {.name = "getline", .module = LIBC},
    {0}};
/* clang-format on */

static int begin(void **state) {
  (void)state;
  begin_run(NOMEM_VERDICT_REPORTED);
  run->channel->fault_count = run->channel->site_count = 0;
  return 0;
}

static int end(void **state) {
  (void)state;
  end_run();
  return 0;
}

static bool counts_of(const struct nomem__code_owners *owners, struct nomem__leak_site leak) {
  const struct nomem__lost_block_rule rule = {&run->outcome, owners, NULL};
  return nomem__lost_block_counts(&rule, &leak);
}

/* Whether a block counts that was allocated here, when the call failed there. */
static bool counts(const struct nomem__code_owners *owners, const char *const *block, const char *const *fault) {
  begin(NULL);
  record_fault(run, fault);
  return counts_of(owners, (struct nomem__leak_site){.site = record_site(run, block), .blocks = 1, .bytes = 8});
}

/* Below main() one function led to both; main() itself may keep what it was given. */
static void below_main(void **state) {
  (void)state;
  assert_true(counts(&undivided, STACK("malloc", "make:1", "main:1", "start:7"),
                     STACK("malloc", "make:2", "main:1", "start:7")));
  assert_true(counts(&undivided, STACK("malloc", "make:1", "use:1", "main:1", "start:7"),
                     STACK("malloc", "run:2", "use:2", "main:1", "start:7")));
  assert_false(counts(&undivided, STACK("malloc", "make:1", "main:1", "start:7"),
                      STACK("malloc", "make:2", "main:2", "start:7")));
  assert_false(
      counts(&undivided, STACK("malloc", "main:1", "start:7"), STACK("malloc", "make:2", "main:2", "start:7")));
}

/* A thread's function has no main() above it. But what only run-times led to was nobody's. */
static void in_a_thread(void **state) {
  (void)state;
  assert_true(counts(&undivided, STACK("malloc", "run:1", "start:1"), STACK("malloc", "run:2", "start:1")));
  assert_false(counts(&undivided, STACK("malloc", "run:1", "start:1"), STACK("malloc", "use:2", "start:2")));
}

/* Test code below main() may hold, in variables that are gone, what a function gave it. */
static void test_code(void **state) {
  const char *const *block = STACK("malloc", "make:1", "test_one:1", "main:1", "start:7");
  const char *const *fault = STACK("malloc", "make:2", "test_one:1", "main:1", "start:7");
  (void)state;
  assert_true(counts(&undivided, block, fault));
  assert_false(counts(&divided, block, fault));
  assert_false(counts(&divided, STACK("malloc", "make:1", "test_one:1", "main:1", "start:7"),
                      STACK("malloc", "make:2", "test_one:2", "main:1", "start:7")));
  assert_true(
      counts(&divided, STACK("malloc", "make:1", "main:1", "start:7"), STACK("malloc", "make:2", "main:1", "start:7")));
}

/* A function whose code is part of main() is not main(), where both calls are of its code. */
static void inlined(void **state) {
  const char *const *main_itself = STACK("malloc", "merged_main:1", "start:7"), *const *in_set_up =
                                                                                    STACK("malloc", "merged_main:100",
                                                                                          "start:7");
  (void)state;
  assert_true(counts(&undivided, STACK("malloc", "merged_main:101", "start:7"), in_set_up));
  assert_false(counts(&undivided, main_itself, in_set_up));
  assert_false(counts(&undivided, in_set_up, main_itself));
  assert_false(counts(&undivided, main_itself, STACK("malloc", "merged_main:2", "start:7")));
}

/* Without names, main() is the program's function that the C library called. */
static void without_names(void **state) {
  (void)state;
  assert_false(counts(&undivided, STACK("malloc", "bare:1", "start:1", "bare:9"),
                      STACK("malloc", "bare:2", "start:1", "bare:9")));
  assert_true(counts(&undivided, STACK("malloc", "bare:1", "bare:5", "start:1", "bare:9"),
                     STACK("malloc", "bare:2", "bare:5", "start:1", "bare:9")));
}

/* A block whose own realloc failed was lost by who reallocated it, though main() had allocated it: not by who called
 * the C library, which did so for itself. */
static void refused_realloc(void **state) {
  const struct {
    const char *const *fault;
    bool counts;
  } cases[] = {{STACK("make:2", "main:2", "start:7"), true},
               {STACK("main:3", "start:7"), false},
               {STACK("regcomp:1", "make:2", "main:2", "start:7"), false},
               {STACK("getline:1", "make:2", "main:2", "start:7"), true}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin(NULL);
    record_fault_in(run, RECORDED_PID, RECORDED_PID, NOMEM_FN_REALLOC, cases[i].fault);
    struct nomem__leak_site leak = {
        .site = record_site(run, STACK("malloc", "main:1", "start:7")), .blocks = 1, .bytes = 8};
    assert_false(counts_of(&undivided, leak));
    leak.lost_by = record_site(run, cases[i].fault) + 1;
    assert_int_equal(counts_of(&undivided, leak), cases[i].counts);
  }
}

/* Of a descriptor, who opened it: the same, as far as that was seen. */
static void descriptors(void **state) {
  const char *const *fault = STACK("malloc", "make:2", "main:1", "start:7");
  const struct {
    const char *const *opening;
    bool counts;
  } cases[] = {{STACK("make:1", "main:1", "start:7"), true},
               {STACK("make:1", "main:2", "start:7"), false},
               {STACK("main:1", "start:7"), false}};
  const struct nomem__lost_block_rule rule = {.outcome = &run->outcome, .code_owners = &undivided};
  (void)state;
  record_fault(run, fault);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct nomem__stack stack = recorded_stack(cases[i].opening);
    struct nomem__openings openings = {.list = {{RECORDED_PID, 7, &stack}}, .count = 1};
    run->outcome.openings = &openings;
    assert_int_equal(nomem__lost_descriptor_counts(&rule, RECORDED_PID, 7), cases[i].counts);
    assert_false(nomem__lost_descriptor_counts(&rule, RECORDED_PID, 8));
    assert_false(nomem__lost_descriptor_counts(&rule, RECORDED_PID + 1, 7));
    run->outcome.openings = NULL;
    assert_false(nomem__lost_descriptor_counts(&rule, RECORDED_PID, 7));
  }
}

/* Of two failures it is not known which one lost the block. */
static void several_failures(void **state) {
  const char *const *fault = STACK("malloc", "make:2", "main:1", "start:7");
  (void)state;
  const struct nomem__leak_site leak = {.site = record_site(run, STACK("malloc", "make:1", "main:1", "start:7"))};
  assert_false(counts_of(&undivided, leak));
  record_fault(run, fault);
  assert_true(counts_of(&undivided, leak));
  record_fault(run, fault);
  assert_false(counts_of(&undivided, leak));
}

int main(void) {
  const struct CMUnitTest tests[] = {CASE(below_main),       CASE(in_a_thread),   CASE(test_code),
                                     CASE(inlined),          CASE(without_names), CASE(refused_realloc),
                                     CASE(several_failures), CASE(descriptors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
