/* SPDX-License-Identifier: MIT */
/* What test code noticed in memory, decided from what it compared with the fault and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../faults/explore/judge/look_verdict.h"

#define LOOK(place, size, one, other) \
  { .path = "test", .offset = (place), .values = {(one), (other)}, .bytes = (size), .is_known = true }
#define HERE UINT64_C(0x7f0000001000)
#define THERE UINT64_C(0x7f0000002000)
#define LETTERS UINT64_C(0x6665646362613938)

static void one_comparison(void **state) {
  static const struct {
    struct nomem__look look, usual;
    enum nomem__look_difference difference;
  } cases[] = {
      {LOOK(1, 4, 3, 3), LOOK(1, 4, 3, 3), NOMEM_LOOK_SAME},
      {LOOK(1, 4, 2, 3), LOOK(1, 4, 3, 3), NOMEM_LOOK_NUMBER},
      {LOOK(1, 4, 3, 2), LOOK(1, 4, 3, 3), NOMEM_LOOK_NUMBER},
      {LOOK(1, 4, 0, 3), LOOK(1, 4, 3, 3), NOMEM_LOOK_UNCLEAR},
      {LOOK(1, 4, 1, 0), LOOK(1, 4, 0, 0), NOMEM_LOOK_UNCLEAR},
      {LOOK(1, 4, UINT32_MAX, 3), LOOK(1, 4, 3, 3), NOMEM_LOOK_UNCLEAR},
      {LOOK(1, 4, 2, 2), LOOK(1, 4, 3, 3), NOMEM_LOOK_UNCLEAR}, /* not known which of them is expected */
      {LOOK(1, 8, HERE, 0), LOOK(1, 8, THERE, 0), NOMEM_LOOK_SAME},
      {LOOK(1, 8, HERE, THERE), LOOK(1, 8, HERE, HERE), NOMEM_LOOK_DATA}, /* another object */
      {LOOK(1, 8, THERE, THERE), LOOK(1, 8, HERE, HERE), NOMEM_LOOK_SAME},
      {LOOK(1, 8, HERE, 0), LOOK(1, 8, HERE, HERE), NOMEM_LOOK_UNCLEAR},
      {LOOK(1, 4, 70000, 3), LOOK(1, 4, 80000, 3), NOMEM_LOOK_NUMBER}, /* too short for pointers */
      {LOOK(1, 8, 0, 0), LOOK(1, 8, HERE, 0), NOMEM_LOOK_UNCLEAR},
      {LOOK(1, 8, LETTERS, LETTERS + 1), LOOK(1, 8, LETTERS + 1, LETTERS + 1), NOMEM_LOOK_NUMBER},
      {LOOK(1, 1, 0, 'a'), LOOK(1, 1, 'a', 'a'), NOMEM_LOOK_DATA},
      {LOOK(1, 1, 0, 1), LOOK(1, 1, 1, 1), NOMEM_LOOK_UNCLEAR}, /* a bool */
      {{.bytes = 4}, LOOK(1, 4, 3, 3), NOMEM_LOOK_SAME},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (nomem__look_compare(&cases[i].look, &cases[i].usual) != cases[i].difference) fail_msg("case %zu", i);
  struct nomem__look fraction = LOOK(1, 8, 0, HERE), usual = LOOK(1, 8, HERE, HERE);
  fraction.has_fraction = true;
  assert_int_equal(nomem__look_compare(&fraction, &usual), NOMEM_LOOK_DATA);
}

/* A status is compared at the place 9. */
static bool is_status(void *user, const struct nomem__look *look) {
  (void)user;
  return look->offset == 9;
}

#define LOOKS 3

static void many_comparisons(void **state) {
  static const struct {
    const char *what;
    struct nomem__look looks[LOOKS], usual[LOOKS];
    bool is_cut, shows;
  } cases[] = {
      {"the last one before another way",
       {LOOK(1, 4, 3, 3), LOOK(2, 4, 2, 3), LOOK(3, 4, 0, 0)},
       {LOOK(1, 4, 3, 3), LOOK(2, 4, 3, 3), LOOK(4, 4, 0, 0)},
       false,
       true},
      {"one before that",
       {LOOK(1, 4, 2, 3), LOOK(2, 4, 3, 3), LOOK(3, 4, 0, 0)},
       {LOOK(1, 4, 3, 3), LOOK(2, 4, 3, 3), LOOK(4, 4, 0, 0)},
       false,
       false},
      {"any, where it took no other",
       {LOOK(1, 4, 2, 3), LOOK(2, 4, 3, 3)},
       {LOOK(1, 4, 3, 3), LOOK(2, 4, 3, 3)},
       false,
       true},
      {"it ended", {LOOK(1, 4, 2, 3)}, {LOOK(1, 4, 3, 3), LOOK(2, 4, 3, 3)}, false, true},
      {"more was not seen", {LOOK(1, 4, 2, 3)}, {LOOK(1, 4, 3, 3), LOOK(2, 4, 3, 3)}, true, false},
      {"an error may have been there",
       {LOOK(1, 4, 1, 0), LOOK(2, 4, 2, 3)},
       {LOOK(1, 4, 0, 0), LOOK(2, 4, 3, 3)},
       false,
       false},
      {"a status", {LOOK(9, 4, 2, 3)}, {LOOK(9, 4, 3, 3)}, false, false},
      {"nothing differs", {LOOK(1, 4, 3, 3)}, {LOOK(1, 4, 3, 3)}, false, false},
      {"nothing was compared", {LOOK(0, 0, 0, 0)}, {LOOK(0, 0, 0, 0)}, false, false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct nomem__looks looks = {cases[i].looks, 0, !cases[i].is_cut}, usual = {cases[i].usual, 0, true};
    while (looks.count < LOOKS && looks.list[looks.count].offset != 0) looks.count++;
    while (usual.count < LOOKS && usual.list[usual.count].offset != 0) usual.count++;
    if (nomem__look_shows_result(&looks, &usual, is_status, NULL) != cases[i].shows) fail_msg("%s", cases[i].what);
  }
}

static void names_on_a_line(void **state) {
  (void)state;
  assert_true(nomem__line_names_status("  if (parser->state != 3)"));
  assert_true(nomem__line_names_status("  if (rc == 3) return;"));
  assert_true(nomem__line_names_status("  assert_int_equal(x.last_error, 5)"));
  assert_true(nomem__line_names_status("  if (json.kind != JSON_ERR)"));
  assert_true(nomem__line_names_status("  if (parser.hasFailed != 2)"));
  assert_false(nomem__line_names_status("  if (list->count != 3)"));
  assert_false(nomem__line_names_status("  fail_unless(list->count == 3)")); /* a macro that asserts */
  assert_false(nomem__line_names_status("  CHECK(port == 80, \"state\")"));
  assert_false(nomem__line_names_status("  CHECK(port == 80, \"a \\\" state"));
  assert_false(nomem__line_names_status("  if (decode == barcode)"));
  assert_false(nomem__line_names_status(""));
  assert_true(nomem__line_names_constant("  if (step(handle) != STEP_DONE)"));
  assert_false(nomem__line_names_constant("  CHECK(count(\"A TEXT\") == 3 && Other && N)"));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_comparison), cmocka_unit_test(many_comparisons),
                                     cmocka_unit_test(names_on_a_line)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
