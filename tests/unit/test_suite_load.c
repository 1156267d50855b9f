/* SPDX-License-Identifier: MIT */
/* How many runs and how many cases there are at a time, and where the documents of cases are meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../faults/explore/run/job_count.h"
#include "../../faults/explore/suite/idle_time.h"
#include "../../faults/explore/suite/set_aside.h"
#include "../../faults/explore/suite/suite_load.h"

/* A program that waits has more runs at a time than there are processors, and one that works does not. */
static void jobs(void **state) {
  (void)state;
  assert_int_equal(nomem__run_load(100000, 100000), 100);
  assert_int_equal(nomem__run_load(10000, 1000000), 5); /* not one */
  assert_int_equal(nomem__run_load(300000, 100000), 300);
  assert_int_equal(nomem__run_load(0, 1000), 100); /* too short to tell */
  assert_int_equal(nomem__job_count(2, 100), 2);
  assert_int_equal(nomem__job_count(2, 300), 2);
  assert_int_equal(nomem__job_count(2, 50), 4);
  assert_int_equal(nomem__job_count(2, 90), 2);
  assert_int_equal(nomem__job_count(2, 30), 6);
  assert_int_equal(nomem__job_count(2, 5), NOMEM_WAITING_JOBS_MAX);
  assert_int_equal(nomem__job_count(1, 100), 1);
  assert_int_equal(nomem__job_count(64, 5), 64);
}

/* Tests that wait are explored beside one another, and those that work as many at a time as there are processors. */
static void room(void **state) {
  (void)state;
  const struct nomem__suite_load two = {.processors = 2}, one_job = {.processors = 8, .wanted_jobs = 1};
  assert_true(nomem__suite_load_has_room(&two, 0, 0));
  assert_true(nomem__suite_load_has_room(&two, 1, 100));
  assert_false(nomem__suite_load_has_room(&two, 2, 200));
  assert_true(nomem__suite_load_has_room(&two, 4, 160));
  assert_false(nomem__suite_load_has_room(&two, NOMEM_CASES_AT_A_TIME, 80));
  assert_true(nomem__suite_load_has_room(&one_job, 0, 0));
  assert_false(nomem__suite_load_has_room(&one_job, 1, 5));
  assert_int_equal(nomem__suite_load_share(&one_job, 10), 1);
  assert_int_equal(nomem__suite_load_share(&two, 10), 1);
  assert_int_equal(nomem__suite_load_share(&two, 1), 2);
}

/* Whatever is known of them: processors that stand idle mean one case more, and busy ones in time one less. */
static void idle_processors(void **state) {
  (void)state;
  struct nomem__suite_load two = {.processors = 2};
  nomem__suite_load_adapt(&two, 30);
  assert_true(nomem__suite_load_has_room(&two, 2, 200));
  assert_false(nomem__suite_load_has_room(&two, 3, 300));
  nomem__suite_load_adapt(&two, -1); /* not known */
  nomem__suite_load_adapt(&two, 3);  /* as it should be */
  assert_int_equal(two.extra, 1);
  nomem__suite_load_adapt(&two, 0);
  assert_false(nomem__suite_load_has_room(&two, 2, 200));
  nomem__suite_load_adapt(&two, 0);
  assert_int_equal(two.extra, 0);
  for (int i = 0; i < 100; i++) nomem__suite_load_adapt(&two, 100);
  assert_int_equal(two.extra, NOMEM_CASES_AT_A_TIME - 2);
}

/* The counts begin when it is looked for the first time, and again each time that it tells. */
static void idle_time(void **state) {
  (void)state;
  struct nomem__idle_time time = {0};
  assert_true(nomem__idle_time_of(&time, "cpu  100 0 100 800 0 0 0 0 0 0\n") < 0);
  assert_true(nomem__idle_time_of(&time, "cpu  102 0 103 803 0 0 0 0 0 0\n") < 0); /* too soon */
  assert_int_equal(nomem__idle_time_of(&time, "cpu  140 5 125 825 2 1 1 1 0 0\n"), 27);
  assert_int_equal(nomem__idle_time_of(&time, "cpu  190 5 175 825 2 1 1 1 0 0\n"), 0);
  assert_int_equal(nomem__idle_time_of(&time, "cpu  240 5 225 820 0 1 1 1 0 0\n"), 0); /* less than before */
  assert_true(nomem__idle_time_of(&time, "") < 0);
  assert_true(nomem__idle_time_of(&time, "intr 1 2 3") < 0);
}

static json_t *make(int value) {
  json_t *document = json_object();
  json_object_set_new(document, "value", json_integer(value));
  return document;
}

/* Documents come back as they were, whichever of them there are; and stay where they are if they cannot be written. */
static void set_aside(void **state) {
  (void)state;
  for (int has_file = 0; has_file < 2; has_file++) {
    struct nomem__set_aside aside;
    struct nomem__case_result results[3] = {{.document = make(5)}, {.document = NULL}, {.document = make(7)}};
    nomem__set_aside_open(&aside, 3);
    if (!has_file) {
      fclose(fdopen(aside.fd, "r"));
      aside.fd = -1;
    }
    for (size_t i = 3; i-- > 0;) nomem__set_aside_put(&aside, i, &results[i]);
    assert_int_equal(results[0].document == NULL, has_file);
    nomem__set_aside_take_all(&aside, results, 3);
    assert_int_equal(json_integer_value(json_object_get(results[0].document, "value")), 5);
    assert_null(results[1].document);
    assert_int_equal(json_integer_value(json_object_get(results[2].document, "value")), 7);
    for (size_t i = 0; i < 3; i++) {
      assert_false(results[i].has_broken);
      json_decref(results[i].document);
    }
  }
}

/* What was found is not silently gone. */
static void text_is_lost(void **state) {
  (void)state;
  struct nomem__set_aside aside;
  struct nomem__case_result result = {.document = make(5)};
  nomem__set_aside_open(&aside, 1);
  nomem__set_aside_put(&aside, 0, &result);
  aside.pieces[0].bytes--;
  nomem__set_aside_take_all(&aside, &result, 1);
  assert_true(result.has_broken);
  assert_non_null(result.reason);
  free(result.reason);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(jobs),      cmocka_unit_test(room),      cmocka_unit_test(idle_processors),
      cmocka_unit_test(idle_time), cmocka_unit_test(set_aside), cmocka_unit_test(text_is_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
