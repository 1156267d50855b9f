/* SPDX-License-Identifier: MIT */
/* Findings that look different and have one cause: who freed first, and a call that was not checked. */
#include "fixtures/judged_run.h"

#include "../../faults/explore/judge/shared_cause.h"

const struct recorded_function recorded_functions[] = {JUDGED_FUNCTIONS, {0}};

static struct nomem__finding list[3];
static struct nomem__findings findings;

static int begin(void **state) {
  (void)state;
  memset(list, 0, sizeof list);
  findings = (struct nomem__findings){.list = list, .room = 3};
  return 0;
}

static int end(void **state) {
  (void)state;
  for (size_t i = 0; i < findings.count; i++) {
    nomem__trace_free(&findings.list[i].fault);
    nomem__trace_free(&findings.list[i].unchecked.where);
  }
  return 0;
}

static struct nomem__finding *add(enum nomem__verdict verdict, const char *const *fault, const char *const *blow_up) {
  struct nomem__finding *finding = &list[findings.count++];
  struct nomem__trace trace = recorded_trace(fault);
  *finding = (struct nomem__finding){
      .verdict = verdict, .runs = 1, .address_kind = NOMEM_ADDRESS_NULL, .blow_up = recorded_trace(blow_up)};
  nomem__trace_copy(&finding->fault, &trace);
  return finding;
}

/* Adds one whose block was freed before. */
static struct nomem__finding *add_freed(enum nomem__verdict verdict, const char *caller, const char *const *freed) {
  struct nomem__finding *finding = add(verdict, STACK("malloc:1", "make:3", "run:5", caller), STACK("use:1", caller));
  finding->freed = recorded_trace(freed);
  return finding;
}

/* The function that led both to the failure and to the first free has left the pointer; however the second ended. */
static void who_freed_first(void **state) {
  (void)state;
  add_freed(NOMEM_VERDICT_CRASH, "main:1", STACK("free:1", "use:7", "run:6", "main:1"));
  add_freed(NOMEM_VERDICT_CORRUPTION, "main:2", STACK("free:1", "use:7", "run:6", "main:2"));
  add_freed(NOMEM_VERDICT_CRASH, "main:3", STACK("free:1", "use:7", "run:6", "main:3"));
  nomem__findings_merge_shared(&findings, &undivided);
  assert_int_equal(findings.count, 1);
  assert_int_equal(findings.list[0].verdict, NOMEM_VERDICT_CORRUPTION);
  assert_int_equal(findings.list[0].runs, 3);
  assert_int_equal(findings.list[0].freed.skipped_frames, 2); /* run */
}

static void others_that_freed(void **state) {
  (void)state;
  add_freed(NOMEM_VERDICT_CRASH, "main:1", STACK("free:1", "use:7", "run:6", "main:1"));
  add_freed(NOMEM_VERDICT_CRASH, "main:2", STACK("free:1", "use:7", "run:8", "main:2")); /* at another line */
  add_freed(NOMEM_VERDICT_CRASH, "main:3", STACK("free:1", "use:7", "run:6", "main:3"))->is_flaky = true;
  nomem__findings_merge_shared(&findings, &undivided);
  assert_int_equal(findings.count, 3);
}

static void set_unchecked(struct nomem__finding *finding, const char *call) {
  struct nomem__trace trace = {.depth = 1, .frame = {recorded_frame(call, true)}};
  nomem__trace_copy(&finding->unchecked.where, &trace);
}

/* A crash in the same place, whose failure was of the same call, is of that call; another failure's is not. */
static void a_cause_that_one_shows(void **state) {
  (void)state;
  add(NOMEM_VERDICT_CRASH, STACK("malloc:1", "make:3", "run:5", "main:1"), STACK("use:1", "main:2"));
  set_unchecked(add(NOMEM_VERDICT_CRASH, STACK("malloc:1", "make:3", "main:7"), STACK("use:1", "main:3")), "make:3");
  add(NOMEM_VERDICT_CRASH, STACK("malloc:1", "make:9", "run:5", "main:1"), STACK("use:1", "main:2"));
  nomem__findings_merge_shared(&findings, &undivided);
  assert_int_equal(findings.count, 2);
  for (size_t i = 0; i < 2; i++)
    assert_int_equal(findings.list[i].runs, findings.list[i].unchecked.where.depth > 0 ? 2 : 1);
}

/* What the test did not check is the cause of nothing but its own crashes; and a wild pointer is no NULL. */
static void causes_of_nothing_else(void **state) {
  (void)state;
  const char *const *fault = STACK("malloc:1", "make:3", "test_one:5", "main:1");
  add(NOMEM_VERDICT_CRASH, fault, STACK("use:1", "test_one:6", "main:1"));
  set_unchecked(add(NOMEM_VERDICT_CRASH, fault, STACK("use:1", "test_one:6", "main:1")), "test_one:5");
  nomem__findings_merge_shared(&findings, &divided);
  assert_int_equal(findings.count, 2);
  list[0].address_kind = NOMEM_ADDRESS_WILD;
  nomem__findings_merge_shared(&findings, &undivided);
  assert_int_equal(findings.count, 2);
  list[0].address_kind = NOMEM_ADDRESS_NULL;
  nomem__findings_merge_shared(&findings, &undivided);
  assert_int_equal(findings.count, 1);
}

/* A list that goes on in a freed block may end in a ring. */
static void freed_in_a_loop(void **state) {
  (void)state;
  add_freed(NOMEM_VERDICT_HANG, "main:1", STACK("free:1", "use:7", "run:6", "main:1"));
  add_freed(NOMEM_VERDICT_CRASH, "main:2", STACK("free:1", "use:7", "run:6", "main:2"));
  add(NOMEM_VERDICT_HANG, STACK("malloc:1", "make:3", "run:5", "main:1"), STACK("use:1", "main:1"));
  nomem__findings_merge_shared(&findings, &undivided);
  assert_int_equal(findings.count, 2);
  for (size_t i = 0; i < 2; i++)
    assert_int_equal(findings.list[i].runs, findings.list[i].verdict == NOMEM_VERDICT_CRASH ? 2 : 1);
}

/* The same line writes at NULL, or past the end of a block, after the same call has failed. */
static void past_no_block(void **state) {
  (void)state;
  const char *const *fault = STACK("malloc:1", "make:3", "run:5", "main:1");
  add(NOMEM_VERDICT_CRASH, fault, STACK("use:1", "main:2"));
  add(NOMEM_VERDICT_CORRUPTION, fault, STACK("use:1", "main:2"))->address_kind = NOMEM_ADDRESS_NONE;
  nomem__findings_merge_shared(&findings, &undivided);
  assert_int_equal(findings.count, 1);
  assert_int_equal(findings.list[0].verdict, NOMEM_VERDICT_CORRUPTION);
  assert_int_equal(findings.list[0].runs, 2);
}

static void past_other_blocks(void **state) {
  (void)state;
  const char *const *fault = STACK("malloc:1", "make:3", "run:5", "main:1");
  add(NOMEM_VERDICT_CRASH, fault, STACK("use:2", "main:2"));                                 /* at another line */
  add(NOMEM_VERDICT_CRASH, STACK("malloc:1", "make:9", "main:1"), STACK("use:1", "main:2")); /* of another call */
  add(NOMEM_VERDICT_CORRUPTION, fault, STACK("use:1", "main:2"))->address_kind = NOMEM_ADDRESS_NONE;
  nomem__findings_merge_shared(&findings, &undivided);
  assert_int_equal(findings.count, 3);
}

static void set_left(struct nomem__finding *finding, const char *call) {
  set_unchecked(finding, call);
  finding->unchecked.cause = NOMEM_CAUSE_LEFT;
}

/* A function that has left NULL in two members is one bug where the same line follows both. */
static void left_by_the_same(void **state) {
  (void)state;
  const char *const *fault = STACK("malloc:1", "make:3", "run:5", "main:1");
  set_left(add(NOMEM_VERDICT_CRASH, fault, STACK("use:1", "main:2")), "make:3");
  set_left(add(NOMEM_VERDICT_CRASH, fault, STACK("use:1", "main:2")), "make:4");
  set_unchecked(add(NOMEM_VERDICT_CRASH, fault, STACK("use:1", "main:2")), "make:5"); /* a bug of its own */
  nomem__findings_merge_shared(&findings, &undivided);
  assert_int_equal(findings.count, 2);
}

static void left_by_others(void **state) {
  (void)state;
  const char *const *fault = STACK("malloc:1", "make:3", "run:5", "main:1");
  set_left(add(NOMEM_VERDICT_CRASH, fault, STACK("use:1", "main:2")), "make:3");
  set_left(add(NOMEM_VERDICT_CRASH, fault, STACK("use:2", "main:2")), "make:4"); /* followed elsewhere */
  set_left(add(NOMEM_VERDICT_CRASH, fault, STACK("use:1", "main:2")), "run:3");  /* by another function */
  nomem__findings_merge_shared(&findings, &undivided);
  assert_int_equal(findings.count, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(freed_in_a_loop),   CASE(past_no_block),          CASE(past_other_blocks),
      CASE(left_by_the_same),  CASE(left_by_others),         CASE(who_freed_first),
      CASE(others_that_freed), CASE(a_cause_that_one_shows), CASE(causes_of_nothing_else)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
