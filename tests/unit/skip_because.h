/* SPDX-License-Identifier: MIT */
/* Skips a test that cannot be made here. cmocka has no place for the reason: tests/run.sh takes it from the comment
 * above the test's line. */
#ifndef SKIP_BECAUSE_H
#define SKIP_BECAUSE_H

#define skip_because(reason)         \
  do {                               \
    print_message("# %s\n", reason); \
    skip();                          \
  } while (0)

#endif
