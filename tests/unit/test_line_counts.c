/* SPDX-License-Identifier: MIT */
/* Which checks were entered, by how often each way out of the conditions of a line was taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/profile/line_counts.h"

#define WAYS 6

static struct nomem__line_counts counts;

static int discard(void **state) {
  (void)state;
  nomem__line_counts_free(&counts);
  return 0;
}

static void add(const char *path, enum nomem__coverage_phase phase, unsigned number, const uint64_t *taken,
                size_t taken_count) {
  const struct nomem__line_report report = {
      .number = number, .reached = 1, .taken = taken, .taken_count = taken_count, .is_ambiguous = taken_count % 2 != 0};
  nomem__line_counts_add(nomem__line_counts_file(&counts, path), phase, &report);
}

static void decides(void **state) {
  static const struct {
    size_t conditions, checks;
    uint64_t baseline[WAYS], failures[WAYS];
    enum nomem__check_state state;
  } cases[] = {
      /* One condition. */
      {1, 1, {0, 1}, {1, 1}, NOMEM_CHECK_ENTERED},
      {1, 1, {0, 1}, {1, 0}, NOMEM_CHECK_ENTERED},
      {1, 1, {1, 1}, {0, 0}, NOMEM_CHECK_ENTERED},
      {1, 1, {0, 1}, {0, 5}, NOMEM_CHECK_NOT_ENTERED},
      {1, 1, {3, 0}, {0, 0}, NOMEM_CHECK_NOT_ENTERED},
      {1, 1, {0, 0}, {0, 0}, NOMEM_CHECK_NOT_REACHED},
      /* On the way of a failure, either way may be that of NULL. */
      {1, 1, {0, 0}, {2, 0}, NOMEM_CHECK_UNKNOWN},
      {1, 1, {0, 0}, {1, 1}, NOMEM_CHECK_ENTERED},
      /* Of two, one is no check, and may be the one that is always the same. */
      {2, 1, {0, 1, 0, 1}, {1, 1, 0, 1}, NOMEM_CHECK_UNKNOWN},
      {2, 1, {0, 1, 0, 1}, {1, 1, 1, 1}, NOMEM_CHECK_ENTERED},
      {2, 1, {0, 0, 0, 0}, {0, 0, 0, 0}, NOMEM_CHECK_NOT_REACHED},
      /* Both are. */
      {2, 2, {0, 1, 0, 1}, {1, 1, 0, 1}, NOMEM_CHECK_NOT_ENTERED},
      {2, 2, {0, 1, 0, 1}, {1, 1, 1, 0}, NOMEM_CHECK_ENTERED},
      /* No condition: the compiler has made none of it. */
      {0, 1, {0}, {0}, NOMEM_CHECK_UNKNOWN},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    nomem__line_counts_free(&counts);
    add("/a.c", NOMEM_COVERAGE_BASELINE, 7, cases[i].baseline, 2 * cases[i].conditions);
    add("/a.c", NOMEM_COVERAGE_FAILURES, 7, cases[i].failures, 2 * cases[i].conditions);
    enum nomem__check_state decided = nomem__check_decide(nomem__line_counts_find(&counts, "/a.c", 7), cases[i].checks);
    if (decided != cases[i].state) fail_msg("case %zu: %d", i, (int)decided);
  }
  assert_int_equal(nomem__check_decide(NULL, 1), NOMEM_CHECK_UNKNOWN);
}

/* Two programs have the same source in them, and tell their lines in another order. */
static void adds_up(void **state) {
  static const uint64_t one[] = {0, 1}, other[] = {1, 0}, odd[] = {1, 0, 2};
  (void)state;
  add("/b.c", NOMEM_COVERAGE_BASELINE, 9, one, 2);
  add("/a.c", NOMEM_COVERAGE_BASELINE, 5, one, 2);
  add("/b.c", NOMEM_COVERAGE_BASELINE, 4, NULL, 0);
  add("/b.c", NOMEM_COVERAGE_FAILURES, 9, other, 2);
  add("/b.c", NOMEM_COVERAGE_FAILURES, 4, NULL, 0);
  nomem__line_counts_sort(&counts);
  assert_int_equal(counts.count, 2);
  assert_string_equal(counts.list[0].path, "/a.c");
  assert_int_equal(counts.list[1].count, 2);
  assert_int_equal(counts.list[1].list[0].number, 4);
  assert_int_equal(counts.list[1].list[0].reached[NOMEM_COVERAGE_FAILURES], 1);
  assert_int_equal(nomem__check_decide(nomem__line_counts_find(&counts, "/b.c", 9), 1), NOMEM_CHECK_ENTERED);
  assert_int_equal(nomem__check_decide(nomem__line_counts_find(&counts, "/a.c", 5), 1), NOMEM_CHECK_NOT_ENTERED);
  assert_null(nomem__line_counts_find(&counts, "/a.c", 9));
  /* What they do not agree about is not known. */
  add("/a.c", NOMEM_COVERAGE_FAILURES, 5, odd, 3);
  assert_int_equal(nomem__check_decide(nomem__line_counts_find(&counts, "/a.c", 5), 1), NOMEM_CHECK_UNKNOWN);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(decides, discard),
                                     cmocka_unit_test_teardown(adds_up, discard)};
  return cmocka_run_group_tests_name("line counts", tests, NULL, NULL);
}
