/* SPDX-License-Identifier: MIT */
/* Whether it was the runner of a test suite that started this command, in front of a test. */
#ifndef NOMEM_TEST_RUNNER_H
#define NOMEM_TEST_RUNNER_H

#include <stdbool.h>

enum nomem__test_runner {
  NOMEM_RUNNER_NONE, /* a person, a script, or a runner that is not known */
  NOMEM_RUNNER_AUTOMAKE,
  NOMEM_RUNNER_BAZEL,
  NOMEM_RUNNER_CTEST,
  NOMEM_RUNNER_MESON,
  NOMEM_RUNNER_PROVE
};

/* Which runner has itself started this command. One that a test of such a runner started is a command like any other.
 */
enum nomem__test_runner nomem__test_runner_find(void);

/* The name of a variable that the runner sets for its tests and does not have itself; NULL: it has none. */
const char *nomem__test_runner_variable(enum nomem__test_runner runner);

#endif
