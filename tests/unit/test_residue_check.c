/* SPDX-License-Identifier: MIT */
/* Which runs are looked at more closely for what they left: docs/evidence.md, "Leak" and "Whose end". */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../../faults/explore/campaign/residue_check.h"

#define EXITED(status) W_EXITCODE(status, 0)

/* As the baseline ended; with --leaks all also by any exit, but never by a signal. */
static void which_ends_count(void **state) {
  static const struct {
    enum nomem__leaks leaks;
    int baseline_status, root_status;
    bool counts;
  } cases[] = {
      {NOMEM_LEAKS_HANDLED, 0, 0, true},
      {NOMEM_LEAKS_HANDLED, 0, EXITED(1), false},
      {NOMEM_LEAKS_HANDLED, EXITED(1), 0, false},
      {NOMEM_LEAKS_HANDLED, EXITED(1), EXITED(1), true},
      {NOMEM_LEAKS_HANDLED, 0, SIGSEGV, false},
      {NOMEM_LEAKS_HANDLED, SIGTERM, SIGTERM, true},
      {NOMEM_LEAKS_ALL, 0, 0, true},
      {NOMEM_LEAKS_ALL, 0, EXITED(1), true},
      {NOMEM_LEAKS_ALL, 0, SIGSEGV, false},
      {NOMEM_LEAKS_OFF, 0, 0, false},
      {NOMEM_LEAKS_OFF, EXITED(1), EXITED(1), false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(nomem__residue_check_counts(cases[i].leaks, cases[i].baseline_status, cases[i].root_status),
                     cases[i].counts);
}

/* By default what a function lost counts also where the program gave up: by another exit than the baseline's. */
static void which_ends_gave_up(void **state) {
  (void)state;
  assert_true(nomem__residue_check_gave_up(NOMEM_LEAKS_DEFAULT, 0, EXITED(1)));
  assert_true(nomem__residue_check_gave_up(NOMEM_LEAKS_DEFAULT, EXITED(1), 0));
  assert_false(nomem__residue_check_gave_up(NOMEM_LEAKS_DEFAULT, EXITED(1), EXITED(1)));
  assert_false(nomem__residue_check_gave_up(NOMEM_LEAKS_DEFAULT, 0, SIGTERM));
  assert_false(nomem__residue_check_gave_up(NOMEM_LEAKS_DEFAULT, SIGTERM, EXITED(1)));
  assert_false(nomem__residue_check_gave_up(NOMEM_LEAKS_HANDLED, 0, EXITED(1)));
  assert_false(nomem__residue_check_gave_up(NOMEM_LEAKS_ALL, 0, EXITED(1)));
  assert_false(nomem__residue_check_gave_up(NOMEM_LEAKS_OFF, 0, EXITED(1)));
}

/* A crash, or what never came to its fault, is not made again; all that a leak would be worse than is. */
static void which_verdicts_are_due(void **state) {
  static const enum nomem__verdict due[] = {NOMEM_VERDICT_LEAK, NOMEM_VERDICT_LEFTOVER, NOMEM_VERDICT_SWALLOWED,
                                            NOMEM_VERDICT_REPORTED, NOMEM_VERDICT_HANDLED};
  static const enum nomem__verdict others[] = {NOMEM_VERDICT_CORRUPTION, NOMEM_VERDICT_SANITIZER,
                                               NOMEM_VERDICT_CRASH,      NOMEM_VERDICT_ABORT,
                                               NOMEM_VERDICT_HANG,       NOMEM_VERDICT_UNREACHED};
  const struct nomem__residue suspect = {.needs_closer_look = true}, other = {0};
  (void)state;
  for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
    assert_true(nomem__residue_check_is_due(&suspect, due[i]));
    assert_false(nomem__residue_check_is_due(&other, due[i]));
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_false(nomem__residue_check_is_due(&suspect, others[i]));
}

/* The options and the run's end decide what is compared. */
static void computed(void **state) {
  static struct nomem_channel channel = {.watch = NOMEM_WATCH_LIVE};
  static const struct nomem__code_owners nobody;
  struct nomem__process_residue first = {.is_known = true, .live = 1};
  struct nomem__child_residue none = {0};
  struct nomem__residue residue;
  struct nomem__outcome outcome = {.channel = &channel, .residue = &first, .child_residue = &none};
  const struct nomem__residue_check check = {
      .baseline = {.is_known = true, .run_count = NOMEM__BASELINE_RUNS, .first = {.id = 1, .has_exited = true}}};
  (void)state;
  nomem__residue_check_compute(&check, NOMEM_LEAKS_HANDLED, 0, &outcome, &nobody, &residue);
  assert_true(residue.needs_closer_look);
  nomem__residue_check_compute(&check, NOMEM_LEAKS_OFF, 0, &outcome, &nobody, &residue);
  assert_false(residue.needs_closer_look);
  outcome.end.root_status = EXITED(1);
  nomem__residue_check_compute(&check, NOMEM_LEAKS_HANDLED, 0, &outcome, &nobody, &residue);
  assert_false(residue.needs_closer_look);
  nomem__residue_check_compute(&check, NOMEM_LEAKS_ALL, 0, &outcome, &nobody, &residue);
  assert_true(residue.needs_closer_look);
  /* The baseline's first process exits with 0. */
  struct nomem__process_residue gave_up = {
      .is_known = true, .live = 1, .identity = {.id = 1, .has_exited = true, .status = 1}};
  outcome.residue = &gave_up;
  nomem__residue_check_compute(&check, NOMEM_LEAKS_ALL, 0, &outcome, &nobody, &residue);
  assert_true(residue.needs_closer_look);
  outcome.end.root_status = 0;
  nomem__residue_check_compute(&check, NOMEM_LEAKS_HANDLED, 0, &outcome, &nobody, &residue);
  assert_false(residue.needs_closer_look);
}

/* The path of the first run is kept for the report: a second run may give the file another name. */
static void first_paths(void **state) {
  struct nomem__residue_check check = {0};
  const struct nomem__created_file file = {.path = (char *)"/tmp/a1"}, other = {.path = (char *)"/tmp/a2"};
  const struct nomem__residue with = {.suspected_file = &file}, without = {0};
  (void)state;
  nomem__residue_check_note_path(&check, &without, 0, 3);
  assert_null(nomem__residue_check_first_path(&check, 0));
  nomem__residue_check_note_path(&check, &with, 1, 3);
  assert_string_equal(nomem__residue_check_first_path(&check, 1), "/tmp/a1");
  assert_null(nomem__residue_check_first_path(&check, 0));
  assert_null(nomem__residue_check_first_path(&check, 2));
  nomem__residue_check_note_path(&check, &(struct nomem__residue){.suspected_file = &other}, 4, 5); /* the list grew */
  assert_string_equal(nomem__residue_check_first_path(&check, 4), "/tmp/a2");
  assert_string_equal(nomem__residue_check_first_path(&check, 1), "/tmp/a1");
  assert_null(nomem__residue_check_first_path(&check, 3));
  nomem__residue_check_free(&check);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(which_ends_count),
      cmocka_unit_test(which_ends_gave_up),
      cmocka_unit_test(which_verdicts_are_due),
      cmocka_unit_test(computed),
      cmocka_unit_test(first_paths),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
