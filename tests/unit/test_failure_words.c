/* SPDX-License-Identifier: MIT */
/* Which lines say that a test has failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/run/failure_words.h"

static void protocols(void **state) {
  (void)state;
  static const char *const failed[] = {
      "not ok", "not ok 3", "not ok 3 - a port\n", "FAIL: test_add", "FAIL add", "[  FAILED  ] A.B (0 ms)", "FAILED"};
  static const char *const others[] = {"ok 3 - not ok 4",
                                       "not ok 3 - a port # TODO later",
                                       "not ok 3 # skip no port",
                                       "not okay",
                                       "a test FAILED",
                                       "FAILURES: 0",
                                       "  not ok 1",
                                       ""};
  for (size_t i = 0; i < sizeof failed / sizeof *failed; i++)
    if (!nomem__line_is_not_ok(failed[i], strlen(failed[i]))) fail_msg("'%s'", failed[i]);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (nomem__line_is_not_ok(others[i], strlen(others[i]))) fail_msg("'%s'", others[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(protocols)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
