/* SPDX-License-Identifier: MIT */
/* What counts against a run's limit, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../faults/explore/run/run_clock.h"

#define MS UINT64_C(1000000)
#define STEP (25 * MS)
#define BEGIN (1000 * MS)

static struct nomem__run_clock run_clock;
static uint64_t now;

static int begin(void **state) {
  (void)state;
  now = BEGIN;
  nomem__run_clock_start(&run_clock, now);
  return 0;
}

/* So long has passed, in which the run had the processors so long, and its unluckiest thread waited so long for one. */
static void pass(uint64_t passed_ns, uint64_t used_ns, uint64_t waited_ns) {
  const struct nomem__processor_step use = {used_ns, waited_ns};
  now += passed_ns;
  nomem__run_clock_step(&run_clock, now, STEP, &use);
}

/* On a machine with nothing else to do, all of the time counts: of a run that works, and of one that sleeps. */
static void works_and_sleeps(void **state) {
  (void)state;
  pass(STEP, STEP, 0);
  assert_true(run_clock.used_ns == STEP);
  pass(STEP, 0, 0);
  assert_true(run_clock.used_ns == 2 * STEP);
  pass(STEP + 5 * MS, 0, 0); /* the command may be a little late */
  assert_true(run_clock.used_ns == 3 * STEP + 5 * MS);
  assert_true(nomem__run_clock_duration_us(&run_clock, now, STEP) == 80000);
}

/* What the run waited for a processor does not count, unless another thread of it worked meanwhile. */
static void has_no_processor(void **state) {
  (void)state;
  pass(STEP, 5 * MS, 20 * MS);
  assert_true(run_clock.used_ns == 5 * MS);
  pass(STEP, 0, 10 * MS); /* and slept for the rest */
  assert_true(run_clock.used_ns == 20 * MS);
  pass(STEP, 2 * STEP, 20 * MS); /* others of its threads had two processors */
  assert_true(run_clock.used_ns == 20 * MS + STEP);
  assert_true(run_clock.starved_ns == 30 * MS);
}

/* However busy the machine, a run comes to its limit at last. */
static void starves(void **state) {
  (void)state;
  for (int i = 0; i < 100; i++) pass(STEP, 0, STEP);
  assert_true(run_clock.used_ns > 0 && run_clock.used_ns <= 100 * STEP / 20);
}

/* A command that was stopped has not looked, and the time is neither the run's nor part of its duration. */
static void command_was_stopped(void **state) {
  (void)state;
  pass(STEP, 0, 0);
  pass(10000 * MS, 10000 * MS, 0);
  assert_true(run_clock.used_ns <= 3 * STEP);
  assert_true(nomem__run_clock_duration_us(&run_clock, now, STEP) == 50000);
  pass(STEP, 0, 0);
  assert_true(nomem__run_clock_duration_us(&run_clock, now, STEP) == 75000);
}

/* And when the run has ended in the meantime. */
static void ended_while_stopped(void **state) {
  (void)state;
  pass(STEP, 0, 0);
  assert_true(nomem__run_clock_duration_us(&run_clock, now + 60000 * MS, STEP) == 50000);
  assert_true(nomem__run_clock_duration_us(&run_clock, now + 10 * MS, STEP) == 35000);
}

/* Nor is what the command itself does while the run stands still for it. */
static void stands_still(void **state) {
  (void)state;
  now += 300 * MS;
  nomem__run_clock_exclude(&run_clock, 280 * MS);
  const struct nomem__processor_step use = {0};
  nomem__run_clock_step(&run_clock, now, STEP, &use);
  assert_true(run_clock.used_ns == 20 * MS);
  assert_true(nomem__run_clock_duration_us(&run_clock, now, STEP) == 20000);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup(works_and_sleeps, begin),
                                     cmocka_unit_test_setup(has_no_processor, begin),
                                     cmocka_unit_test_setup(starves, begin),
                                     cmocka_unit_test_setup(command_was_stopped, begin),
                                     cmocka_unit_test_setup(ended_while_stopped, begin),
                                     cmocka_unit_test_setup(stands_still, begin)};
  return cmocka_run_group_tests_name("run clock", tests, NULL, NULL);
}
