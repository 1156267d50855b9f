/* SPDX-License-Identifier: MIT */
/* A test framework that is linked in without debug information, and known by the names of its functions: it notes what
 * fails, and goes on. What it calls for itself returns something else then. */
#include <string.h>

static unsigned failures;

__attribute__((noinline)) unsigned count_failures(int has_failed) {
  failures += has_failed != 0;
  return failures;
}

unsigned (*volatile counter)(int has_failed) = count_failures;

void UnityAssertEqualString(const char *expected, const char *actual) {
  if (counter(strcmp(expected, actual)) > 1000) failures = 1000;
}

unsigned UnityEnd(void) {
  return failures;
}
