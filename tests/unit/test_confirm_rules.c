/* SPDX-License-Identifier: MIT */
/* What is decided about a finding when its run is made once more: docs/verdicts.md, "Whose fault?", and
 * docs/evidence.md, "Corruption". */
#include "fixtures/recorded_run.h"

#include "../../faults/explore/campaign/confirm_rules.h"

#define DEMO "/lib/libdemo.so.1"
#define APP "/w/build/app"

const struct recorded_function recorded_functions[] = {
    {.name = "release", .module = DEMO, .file = "src/release.c"},
    {.name = "test_parse", .module = APP, .file = "tests/parse.c"},
    {.name = "test_hook", .module = APP, .file = "tests/hook.c"},
    {0},
};

static const struct nomem__code_owners owners = {.is_divided = true};
static struct nomem__baseline_residue known = {.is_known = true};

static void needs_block_table(void **state) {
  (void)state;
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_CRASH};
  assert_false(nomem__confirm_needs_block_table(&finding));
  finding.needs_block_table = true;
  assert_true(nomem__confirm_needs_block_table(&finding));
  finding = (struct nomem__finding){.verdict = NOMEM_VERDICT_LEAK};
  assert_true(nomem__confirm_needs_block_table(&finding));
  finding.verdict = NOMEM_VERDICT_LEFTOVER;
  assert_true(nomem__confirm_needs_block_table(&finding));
  finding.verdict = NOMEM_VERDICT_SWALLOWED;
  assert_false(nomem__confirm_needs_block_table(&finding));
}

/* A corrupted heap, or a crash at what may be a freed block's pointer: not at a NULL that a call returned, and not when
 * it was seen already. */
static void may_learn(void **state) {
  (void)state;
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_CORRUPTION};
  assert_true(nomem__confirm_may_learn(&finding, &known));
  finding.needs_block_table = true;
  assert_false(nomem__confirm_may_learn(&finding, &known));
  finding = (struct nomem__finding){.verdict = NOMEM_VERDICT_CRASH, .address_kind = NOMEM_ADDRESS_WILD};
  assert_true(nomem__confirm_may_learn(&finding, &known));
  finding.address_kind = NOMEM_ADDRESS_NULL;
  assert_true(nomem__confirm_may_learn(&finding, &known));
  finding.unchecked.where.depth = 1;
  assert_false(nomem__confirm_may_learn(&finding, &known));
  finding.unchecked.is_from_memory = true;
  assert_true(nomem__confirm_may_learn(&finding, &known));
  finding = (struct nomem__finding){.verdict = NOMEM_VERDICT_ABORT, .address_kind = NOMEM_ADDRESS_WILD};
  assert_false(nomem__confirm_may_learn(&finding, &known));
}

/* Nor where there can be no block table. */
static void cannot_learn(void **state) {
  (void)state;
  const struct nomem__finding finding = {.verdict = NOMEM_VERDICT_CORRUPTION};
  struct nomem__baseline_residue baseline = {.is_known = false};
  assert_false(nomem__confirm_may_learn(&finding, &baseline));
  baseline = (struct nomem__baseline_residue){.is_known = true, .has_leak_check = true};
  assert_false(nomem__confirm_may_learn(&finding, &baseline));
}

/* Of many runs that no call of the test's tells apart, one does not speak for the others, unless it is a hang. */
static void speaks_for_all(void **state) {
  (void)state;
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_CRASH, .hash = 1, .location_hash = 1, .runs = 2};
  assert_false(nomem__confirm_speaks_for_all(&finding));
  finding.runs = 1;
  assert_true(nomem__confirm_speaks_for_all(&finding));
  finding.runs = 2;
  finding.hash = 2;
  assert_true(nomem__confirm_speaks_for_all(&finding));
  finding.hash = 1;
  finding.verdict = NOMEM_VERDICT_HANG;
  assert_true(nomem__confirm_speaks_for_all(&finding));
}

static void waiting(void **state) {
  (void)state;
  struct nomem__waiter threads[2] = {0};
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_HANG, .threads = threads, .shown_thread = 1};
  strcpy(threads[0].what, "waits for a condition");
  strcpy(threads[1].what, "busy, 90 % of its life");
  assert_false(nomem__confirm_is_waiting(&finding));
  finding.shown_thread = 0;
  assert_true(nomem__confirm_is_waiting(&finding));
  finding.verdict = NOMEM_VERDICT_CRASH;
  assert_false(nomem__confirm_is_waiting(&finding));
  finding = (struct nomem__finding){.verdict = NOMEM_VERDICT_HANG};
  assert_false(nomem__confirm_is_waiting(&finding));
}

static bool is_no_block, is_of_test; /* as the block table, and the stack, have shown */

static bool is_explained(const struct nomem__finding *finding, bool has_block_table, bool is_freed) {
  const struct nomem__trace_frame call = recorded_frame("test_parse:10", true);
  const struct nomem__block_evidence blocks = {has_block_table, is_freed, is_no_block, is_of_test};
  return nomem__confirm_is_explained(finding, &call, &owners, &blocks);
}

/* An abort, a hang and a crash at NULL need no block table: the test used what it had not got. */
static void explained_without_a_block_table(void **state) {
  (void)state;
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_ABORT};
  assert_true(is_explained(&finding, false, false));
  finding.verdict = NOMEM_VERDICT_HANG;
  assert_true(is_explained(&finding, false, false));
  finding = (struct nomem__finding){.verdict = NOMEM_VERDICT_CRASH, .address_kind = NOMEM_ADDRESS_NULL};
  assert_true(is_explained(&finding, false, false));
  finding.address_kind = NOMEM_ADDRESS_CALL; /* of a function pointer that is NULL */
  assert_true(is_explained(&finding, false, false));
  finding.fault_address = 0x1234; /* of one that nobody set: that takes a block table */
  assert_false(is_explained(&finding, false, false));
}

/* A stray pointer is the test's when a block table shows that it is no block's: nobody set the variable. */
static void stray_pointer(void **state) {
  (void)state;
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_CRASH, .address_kind = NOMEM_ADDRESS_WILD};
  assert_true(is_explained(&finding, true, false));
  assert_false(is_explained(&finding, false, false));
  assert_false(is_explained(&finding, true, true)); /* it was read from a freed block, whose stacks are not known */
  finding.block = recorded_trace(STACK("release:1"));
  assert_false(is_explained(&finding, true, false)); /* it is a block's */
}

/* A block that was there before the call is shorter than the code under test takes it for, whatever the call said. */
static void past_the_end(void **state) {
  (void)state;
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_CRASH, .address_kind = NOMEM_ADDRESS_PAST_END};
  finding.block = recorded_trace(STACK("release:1"));
  assert_false(is_explained(&finding, true, false));
  finding.address_kind = NOMEM_ADDRESS_BEFORE;
  assert_false(is_explained(&finding, true, false));
  finding.block = recorded_trace(STACK("release:1", "test_parse:10")); /* which the call itself had made */
  assert_true(is_explained(&finding, true, false));
}

/* What test code frees itself is a variable that nobody set, when it is no block; what the code under test frees may
 * have been left so. */
static void no_block(void **state) {
  (void)state;
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_CORRUPTION};
  finding.blow_up = recorded_trace(STACK("test_parse:11"));
  assert_false(is_explained(&finding, true, false));
  is_no_block = true;
  assert_true(is_explained(&finding, true, false));
  finding.blow_up = recorded_trace(STACK("release:1", "test_parse:11"));
  assert_false(is_explained(&finding, true, false));
  is_of_test = true; /* unless it stood in a variable that the test gave */
  assert_true(is_explained(&finding, true, false));
  is_no_block = false;
  assert_false(is_explained(&finding, true, false));
  is_of_test = false;
}

/* What was freed before the call is what the test's variable still points to; what the call freed, it left behind. */
static void freed_block(void **state) {
  (void)state;
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_CORRUPTION};
  assert_false(is_explained(&finding, true, false)); /* where it was freed is not known */
  finding.freed = recorded_trace(STACK("release:3", "test_parse:7"));
  assert_true(is_explained(&finding, true, false));
  finding.freed = recorded_trace(STACK("release:3", "test_parse:10"));
  assert_false(is_explained(&finding, true, false));
  finding.verdict = NOMEM_VERDICT_CRASH;
  finding.address_kind = NOMEM_ADDRESS_FREED;
  assert_false(is_explained(&finding, true, true));
  finding.freed = recorded_trace(STACK("release:3", "test_parse:7"));
  assert_true(is_explained(&finding, true, true));
  finding.freed = recorded_trace(STACK("test_hook:3", "release:4", "test_parse:10")); /* by way of a callback */
  assert_false(is_explained(&finding, true, false));
  finding.freed = recorded_trace(STACK("test_hook:3", "release:4", "test_parse:7"));
  assert_true(is_explained(&finding, true, false));
}

/* What two calls that give something back free after the call, one after the other, the call has left to both. */
static void given_back_twice(void **state) {
  (void)state;
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_CORRUPTION};
  finding.freed = recorded_trace(STACK("release:3", "test_parse:12"));
  finding.blow_up = recorded_trace(STACK("release:3", "test_parse:14"));
  assert_false(is_explained(&finding, true, false));
  finding.block = recorded_trace(STACK("release:1", "test_parse:10")); /* which the call itself had made */
  assert_true(is_explained(&finding, true, false));
  finding.block.depth = 0;
  finding.blow_up = recorded_trace(STACK("release:3", "test_parse:12")); /* as in a loop */
  assert_true(is_explained(&finding, true, false));
  finding.freed = recorded_trace(STACK("release:3", "test_parse:7")); /* before the call */
  assert_true(is_explained(&finding, true, false));
  finding.freed = recorded_trace(STACK("test_hook:12")); /* by test code itself */
  assert_true(is_explained(&finding, true, false));
}

/* What the call had made itself, the test never had; what it was given, it may not free. */
static void made_and_freed(void **state) {
  (void)state;
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_CRASH, .address_kind = NOMEM_ADDRESS_FREED};
  finding.freed = recorded_trace(STACK("release:3", "test_parse:10"));
  finding.block = recorded_trace(STACK("release:1", "test_parse:10"));
  assert_true(is_explained(&finding, true, true));
  finding.block = recorded_trace(STACK("release:1", "test_parse:7"));
  assert_false(is_explained(&finding, true, true));
}

/* What calls have returned does not show in how a run ends: there, the failure was reported. */
static void come_again(void **state) {
  (void)state;
  for (enum nomem__verdict wanted = 0; wanted < NOMEM_VERDICT_COUNT; wanted++) {
    bool is_of_calls = wanted == NOMEM_VERDICT_MISREPORTED || wanted == NOMEM_VERDICT_SILENT ||
                       wanted == NOMEM_VERDICT_UNTOLD || wanted == NOMEM_VERDICT_REPORTED;
    assert_true(nomem__confirm_is_again(wanted, wanted));
    assert_int_equal(nomem__confirm_is_again(wanted, NOMEM_VERDICT_REPORTED), is_of_calls);
    assert_int_equal(nomem__confirm_is_again(wanted, NOMEM_VERDICT_HANDLED), wanted == NOMEM_VERDICT_HANDLED);
  }
}

/* A run that did not come to the failure, or ended otherwise than without one, tells nothing of a crash where what the
 * test needs may be gone; one that ended as ever does, and what any lack explains is not spared. */
static void says_nothing(void **state) {
  struct nomem__finding finding = {.verdict = NOMEM_VERDICT_CRASH};
  (void)state;
  assert_true(nomem__confirm_says_nothing(&finding, NOMEM_VERDICT_UNREACHED, false));
  assert_true(nomem__confirm_says_nothing(&finding, NOMEM_VERDICT_UNREACHED, true));
  assert_true(nomem__confirm_says_nothing(&finding, NOMEM_VERDICT_REPORTED, false));
  assert_true(nomem__confirm_says_nothing(&finding, NOMEM_VERDICT_HANG, false));
  assert_false(nomem__confirm_says_nothing(&finding, NOMEM_VERDICT_HANDLED, true));
  assert_false(nomem__confirm_says_nothing(&finding, NOMEM_VERDICT_CRASH, false));
  finding.verdict = NOMEM_VERDICT_HANG;
  assert_false(nomem__confirm_says_nothing(&finding, NOMEM_VERDICT_REPORTED, false));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(needs_block_table),
      cmocka_unit_test(may_learn),
      cmocka_unit_test(past_the_end),
      cmocka_unit_test(no_block),
      cmocka_unit_test(made_and_freed),
      cmocka_unit_test(cannot_learn),
      cmocka_unit_test(speaks_for_all),
      cmocka_unit_test(waiting),
      cmocka_unit_test(explained_without_a_block_table),
      cmocka_unit_test(stray_pointer),
      cmocka_unit_test(freed_block),
      cmocka_unit_test(given_back_twice),
      cmocka_unit_test(come_again),
      cmocka_unit_test(says_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
