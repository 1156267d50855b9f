/* SPDX-License-Identifier: MIT */
/* Which sites have a common site: those whose stacks are the same below the first frame of test code. */
#include "fixtures/judged_run.h"

#include "../../faults/explore/judge/common_site.h"

#define OTHER "/w/build/other"
#define BARE "/w/build/bare"

const struct recorded_function recorded_functions[] = {
    JUDGED_FUNCTIONS,
    {.name = "linked", .module = APP, .file = "src/linked.c"},
    {.name = "test_two", .module = OTHER, .file = "tests/two.c"},
    {.name = "serves", .module = OTHER, .file = "tests/memory.c"},
    {.name = "allocates", .module = OTHER, .file = "tests/memory.c"},
    {.name = "linked", .written = "linked_too", .module = OTHER, .file = "src/linked.c"},
    {.name = "unlike", .module = OTHER, .file = "src/unlike.c"},
    {.written = "bare", .module = BARE},
    {0},
};

static struct nomem__code_owners owners;

static int begin(void **state) {
  (void)state;
  return 0;
}

static int end(void **state) {
  (void)state;
  nomem__code_owners_free(&owners);
  end_run();
  return 0;
}

/* Learns the test code of a case: this program with one allocation of the library's, one of a linked library's, and
 * test code. */
static void learn(const char *program, const char *test, const char *linked) {
  nomem__code_owners_free(&owners);
  begin_run(NOMEM_VERDICT_HANDLED);
  record_program(run, program);
  record_site(run, STACK("malloc", "make", test));
  record_site(run, STACK("malloc", linked, test));
  assert_int_equal(nomem__code_owners_learn(&owners, NULL, run->channel, NULL), 0);
}

static uint64_t key(const char *const *stack) {
  nomem_frame frames[NOMEM_DEPTH];
  struct nomem__trace trace;
  nomem__trace_of_frames(run->channel, frames, record_frames(run, stack, frames), &trace);
  return nomem__common_site_of(&owners, &trace);
}

static void learn_app(void) {
  learn(APP, "test_one", "linked");
  assert_true(owners.is_divided && !owners.allocates_through_test);
}

static void learn_other(void) {
  learn(OTHER, "test_two", "linked_too");
  assert_true(owners.is_divided && !owners.allocates_through_test);
}

/* Where in a test, in which test and in which program a path begins does not matter; the path does. */
static void the_same_path(void **state) {
  (void)state;
  learn_app();
  uint64_t make = key(STACK("malloc", "make:5", "run:3", "test_one:10", "main"));
  assert_int_not_equal(make, 0);
  assert_true(make == key(STACK("malloc", "make:5", "run:3", "test_one:99")));
  assert_true(make == key(STACK("malloc", "make:5", "run:3", "hook", "test_one", "main")));
  assert_true(make != key(STACK("malloc", "make:6", "run:3", "test_one:10", "main")));
  assert_true(make != key(STACK("malloc", "make:5", "run:4", "test_one:10", "main")));
  assert_true(make != key(STACK("malloc", "make:5", "test_one:10", "main")));
  assert_true(make != key(STACK("malloc:7", "make:5", "run:3", "test_one:10", "main")));
  learn_other();
  assert_true(make == key(STACK("malloc", "make:5", "run:3", "test_two:7")));
}

/* A callback of the test's ends the path, though the library called it. */
static void by_way_of_a_callback(void **state) {
  (void)state;
  learn_app();
  assert_true(key(STACK("malloc", "make", "hook", "run", "test_one")) == key(STACK("malloc", "make", "test_one")));
}

/* A library that is linked into each test is the same in all of them, wherever it lies there. */
static void linked_into_each_test(void **state) {
  (void)state;
  learn_app();
  uint64_t linked = key(STACK("malloc", "linked:5", "test_one:1"));
  learn_other();
  assert_int_not_equal(linked, 0);
  assert_true(linked == key(STACK("malloc", "linked_too:5", "test_two:8")));
  assert_true(linked != key(STACK("malloc", "linked_too:6", "test_two:8")));
  assert_true(linked != key(STACK("malloc", "unlike:5", "test_two:8")));
}

/* A stack of test code and run-times only has none. */
static void of_test_code_only(void **state) {
  (void)state;
  learn_app();
  assert_int_equal(key(STACK("malloc", "test_one", "main")), 0);
  assert_int_equal(key(STACK("test_one")), 0);
  assert_int_equal(key(STACK("malloc", "getaddrinfo", "test_one")), 0);
  assert_int_equal(key(STACK("malloc", "?")), 0);
  assert_int_equal(key(STACK("malloc", "hook", "make", "test_one")), 0); /* the test's own call, called back */
}

/* Code under test that allocates by the test's allocator: the path is what lies between. */
static void by_the_tests_allocator(void **state) {
  (void)state;
  begin_run(NOMEM_VERDICT_HANDLED);
  record_program(run, OTHER);
  record_site(run, STACK("malloc", "serves", "make", "test_two"));
  assert_int_equal(nomem__code_owners_learn(&owners, NULL, run->channel, NULL), 0);
  assert_true(owners.allocates_through_test);
  uint64_t make = key(STACK("malloc", "serves", "make:5", "test_two:1"));
  assert_int_not_equal(make, 0);
  assert_true(make == key(STACK("malloc", "serves", "make:5", "test_two:2")));
  assert_true(make != key(STACK("malloc", "serves", "make:6", "test_two:2")));
  assert_int_equal(key(STACK("malloc", "serves", "test_two:2")), 0);
}

/* The same where code under test has memory of its own, too: by the name of what it calls. */
static void by_an_allocator_of_that_name(void **state) {
  (void)state;
  nomem__code_owners_free(&owners);
  begin_run(NOMEM_VERDICT_HANDLED);
  record_program(run, OTHER);
  record_site(run, STACK("malloc", "make", "test_two"));
  record_site(run, STACK("malloc", "allocates", "make", "test_two"));
  assert_int_equal(nomem__code_owners_learn(&owners, NULL, run->channel, NULL), 0);
  assert_false(owners.allocates_through_test);
  assert_int_not_equal(key(STACK("malloc", "allocates", "make:5", "test_two:1")), 0);
  assert_int_equal(key(STACK("malloc", "serves", "make:5", "test_two:1")), 0); /* the test's own, called back */
  assert_int_equal(key(STACK("malloc", "allocates", "test_two:2")), 0);
}

/* Where no test code is known, the whole stack is the path. */
static void no_test_code(void **state) {
  (void)state;
  nomem__code_owners_free(&owners);
  begin_run(NOMEM_VERDICT_HANDLED);
  record_program(run, BARE);
  record_site(run, STACK("malloc", "make", "bare"));
  assert_int_equal(nomem__code_owners_learn(&owners, NULL, run->channel, NULL), 0);
  assert_false(owners.is_divided);
  uint64_t make = key(STACK("malloc", "make:5", "run:3", "bare:1"));
  assert_int_not_equal(make, 0);
  assert_true(make == key(STACK("malloc", "make:5", "run:3", "bare:1")));
  assert_true(make != key(STACK("malloc", "make:5", "run:3", "bare:2")));
}

/* What is hashed of a frame, and that no two ways to cut the same bytes are the same path. */
static void what_counts_of_a_frame(void **state) {
  (void)state;
  const struct nomem__path_frame frames[] = {{"/a/libx.so.1", NULL, 5}, {NULL, "f", 7}, {"", "f", 7}};
  const struct nomem__path_frame moved[] = {{"/b/libx.so.1", NULL, 5}, {"", "f", 7}, {NULL, "f", 7}};
  const struct nomem__path_frame other[] = {{"libx.so.2", NULL, 5}, {"libx.so.1", NULL, 6}, {"libx.so.1", "f", 5}};
  uint64_t keys[8] = {nomem__common_site_key(frames, 1), nomem__common_site_key(frames, 2),
                      nomem__common_site_key(frames, 3)};
  for (unsigned i = 0; i < 3; i++) {
    assert_true(keys[i] == nomem__common_site_key(moved, i + 1));
    keys[3 + i] = nomem__common_site_key(&other[i], 1);
  }
  keys[6] = nomem__common_site_key(&frames[1], 1);
  assert_true(keys[6] == nomem__common_site_key(&frames[2], 1));
  assert_int_equal(nomem__common_site_key(frames, 0), 0);
  for (unsigned i = 0; i < 8; i++)
    for (unsigned k = 0; k < i; k++) assert_true(keys[i] != keys[k]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(the_same_path),     CASE(by_way_of_a_callback),   CASE(linked_into_each_test),
      CASE(of_test_code_only), CASE(by_the_tests_allocator), CASE(by_an_allocator_of_that_name),
      CASE(no_test_code),      CASE(what_counts_of_a_frame),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
