/* SPDX-License-Identifier: MIT */
/* A program that is one test: it prints the Test Anything Protocol, and its exit status is 1 when the test has failed.
 */
#ifndef ONE_TEST_H
#define ONE_TEST_H

#include <stdbool.h>
#include <stdio.h>

static inline int end_test(const char *name, bool passed) {
  printf("1..1\n%s 1 - %s\n", passed ? "ok" : "not ok", name);
  return passed ? 0 : 1;
}

#endif
