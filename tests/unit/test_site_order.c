/* SPDX-License-Identifier: MIT */
/* In which order the sites of a program are tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/campaign/site_order.h"

static void check(const struct nomem__site_rank *ranks, size_t count, const char *wanted) {
  uint32_t *order = nomem__site_order_make(ranks, count);
  char text[256] = "";
  for (size_t i = 0; i < count; i++) {
    char word[16];
    snprintf(word, sizeof word, "%s%u", i == 0 ? "" : " ", order[i]);
    strcat(text, word);
  }
  assert_string_equal(text, wanted);
  free(order);
}

#define CHECK(wanted, ...)                                 \
  do {                                                     \
    const struct nomem__site_rank ranks[] = {__VA_ARGS__}; \
    check(ranks, sizeof ranks / sizeof *ranks, wanted);    \
  } while (0)

static void what_is_alike_stays(void **state) {
  (void)state;
  check(NULL, 0, "");
  CHECK("0 1 2", {1, 1, false}, {2, 2, false}, {3, 3, false});
  CHECK("0 1 2", {3, 3, false}, {2, 2, false}, {1, 1, false});
  CHECK("0 1 2", {7, 7, false}, {7, 7, false}, {7, 7, false});
}

/* The line first, then the way to it, then what only the test has different. */
static void what_is_new_comes_first(void **state) {
  (void)state;
  CHECK("0 3 2 1", {1, 10, false}, {1, 10, false}, {1, 11, false}, {2, 20, false});
  CHECK("0 2 4 1 3 5", {1, 1, false}, {1, 1, false}, {2, 2, false}, {2, 2, false}, {3, 3, false}, {3, 3, false});
}

/* The order is the same among those of the system, but after all others. */
static void the_system_comes_last(void **state) {
  (void)state;
  CHECK("2 3 0 1", {1, 1, true}, {2, 2, true}, {3, 3, false}, {3, 3, false});
  CHECK("4 0 3 2 1", {1, 10, true}, {1, 10, true}, {1, 11, true}, {2, 20, true}, {9, 9, false});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_alike_stays),
      cmocka_unit_test(what_is_new_comes_first),
      cmocka_unit_test(the_system_comes_last),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
