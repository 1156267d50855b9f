/* SPDX-License-Identifier: MIT */
/* Which failures are looked at for what the test was told: docs/verdicts.md, "Did the test learn of the failure?". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../faults/explore/campaign/told_check.h"

/* A single failure of a call, where it was reported in this exploration. */
static void due(void **state) {
  static const struct nomem__point first = {.occurrence = 1}, later = {.occurrence = 2},
                                   others[] = {{.occurrence = 1, .persistent = true}, {.occurrence = 1, .second = 1}};
  struct nomem__point_state reported = {.result = NOMEM_VERDICT_REPORTED + 1};
  (void)state;
  for (unsigned verdict = 0; verdict < NOMEM_VERDICT_COUNT; verdict++) {
    const struct nomem__point_state came = {.result = (uint8_t)(verdict + 1)};
    assert_int_equal(nomem__told_check_is_due(&first, &came), verdict == NOMEM_VERDICT_REPORTED);
    assert_int_equal(nomem__told_check_is_due(&later, &came), verdict == NOMEM_VERDICT_REPORTED);
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_false(nomem__told_check_is_due(&others[i], &reported));
  reported.is_known = true;
  assert_false(nomem__told_check_is_due(&first, &reported));
}

/* A number that does not depend on how fast the machine is. */
static void bound(void **state) {
  (void)state;
  assert_int_equal(nomem__told_check_max(false, 0, 0), 128);
  assert_int_equal(nomem__told_check_max(false, 1031, 0), 128);
  assert_int_equal(nomem__told_check_max(false, 16000, 0), 2000);
  assert_int_equal(nomem__told_check_max(false, 7, 1), 1);
  assert_int_equal(nomem__told_check_max(false, 800, 1), 101);
  assert_true(nomem__told_check_max(true, 3, 1) > 1000000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(due),
      cmocka_unit_test(bound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
