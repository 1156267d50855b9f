/* SPDX-License-Identifier: MIT */
/* Which lines of an output count when it varies from run to run without a fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/run/output_lines.h"

static struct nomem__output_text text_of(const char *text) {
  return (struct nomem__output_text){.text = text, .bytes = strlen(text)};
}

/* What differs when two runs without a fault write one and two, and one with a fault writes run. */
static struct nomem__line_difference compare(const char *one, const char *two, const char *run) {
  const struct nomem__output_text texts[] = {text_of(one), text_of(two)};
  struct nomem__stable_lines stable = {0};
  bool was_said;
  nomem__stable_lines_learn(&stable, texts, two != one ? 2 : 1);
  struct nomem__line_difference difference = nomem__stable_lines_compare(&stable, text_of(run), NULL, &was_said);
  nomem__stable_lines_free(&stable);
  return difference;
}

static bool is_same(const char *one, const char *two, const char *run) {
  struct nomem__line_difference difference = compare(one, two, run);
  return difference.missing == 0 && difference.added == 0 && !difference.is_reordered;
}

/* Beside a line that varies, all others are compared, and what does not vary of it, too. */
static void one_line_varies(void **state) {
  (void)state;
  const char *one = "run 17\nname: one\nend\n", *two = "run 31\nname: one\nend\n";
  assert_true(is_same(one, two, "run 5\nname: one\nend\n"));
  assert_int_equal(compare(one, two, "run 5\nend\n").missing, 2);
  assert_int_equal(compare(one, two, "run 5\nname: \nend\n").missing, 2);
  assert_int_equal(compare(one, two, "name: one\nend\n").missing, 1);
  assert_int_equal(compare(one, two, "run 5\nname: one\nend\nmore\n").added, 4);
  assert_int_equal(compare(one, two, "").missing, 1);
  one = "pid 17 has 3 items\n", two = "pid 8 has 3 items\n";
  assert_true(is_same(one, two, "pid 4 has 3 items\n"));
  assert_false(is_same(one, two, "pid 4 has 2 items\n"));
}

/* Names that mkstemp makes, months, and hashes. */
static void words_vary(void **state) {
  (void)state;
  const char *one = "file /tmp/x.aBcDeF\nok\n", *two = "file /tmp/x.QrStUv\nok\n";
  assert_true(is_same(one, two, "file /tmp/x.a1c2e3\nok\n"));
  assert_int_equal(compare(one, two, "file /tmp/x.a1c2e3\n").missing, 2);
  assert_int_equal(compare(one, two, "ok\n").missing, 1);
  assert_int_equal(compare(one, two, "file /etc/x.a1c2e3\nok\n").missing, 1);
}

/* Threads write their lines in any order. */
static void order_varies(void **state) {
  (void)state;
  const char *one = "a 1\nb\nc\n", *two = "c\na 1\nb\n";
  assert_true(is_same(one, two, "b\nc\na 1\n"));
  assert_int_equal(compare(one, two, "b\nc\n").missing, 1);
  assert_int_equal(compare(one, two, "b\nc\na 2\n").missing, 1);
  assert_int_equal(compare(one, two, "b\nc\na 1\na 1\n").added, 4);
  const char *fixed = "a\nb\n";
  assert_true(is_same(fixed, fixed, "a\nb\n"));
  assert_false(is_same(fixed, fixed, "b\na\n"));
}

/* Where lines come and go without a fault, no additional line shows anything; those that are always there do. */
static void lines_come_and_go(void **state) {
  (void)state;
  const char *one = "begin\nretry\nretry\nend\n", *two = "begin\nretry\nend\n";
  assert_true(is_same(one, two, "begin\nend\n"));
  assert_true(is_same(one, two, "begin\nwaiting\nretry\nend\n"));
  assert_int_equal(compare(one, two, "begin\nretry\n").missing, 4);
}

/* Times, durations and addresses are never compared, whether or not they happened to differ. */
static void always_volatile(void **state) {
  (void)state;
  static const char *const same[][2] = {{"created: 1764427751\n", "created: 1764427752.31\n"},
                                        {"Ran 3 tests in 0.001s\n", "Ran 3 tests in 0.204s\n"},
                                        {"took 5 ms\n", "took 61 ms\n"},
                                        {"at 14:50:01\n", "at 14:51:59\n"},
                                        {"2026-11-30T14:50:01Z\n", "2026-11-30T15:01:59Z\n"},
                                        {"<case name=\"a\" time=\"0\"/>\n", "<case name=\"a\" time=\"0.003\"/>\n"},
                                        {"\"elapsed\": 0.1, ok\n", "\"elapsed\": 12, ok\n"},
                                        {"0x5555555592a0\n", "0x5555555596b0\n"}};
  static const char *const others[][2] = {{"item 1234567890\n", "item 123456789\n"},
                                          {"Ran 3 tests in 0.001s\n", "Ran 2 tests in 0.001s\n"},
                                          {"took 5 mice\n", "took 61 mice\n"},
                                          {"14 of 50\n", "14 of 51\n"},
                                          {"2026-11-30T14\n", "2026-11-30T15\n"},
                                          {"14:5 1\n", "15:5 1\n"},
                                          {"<case times=\"1\"/>\n", "<case times=\"2\"/>\n"},
                                          {"time 1\n", "time 2\n"},
                                          {"0xff\n", "0xfe\n"}};
  for (size_t i = 0; i < sizeof same / sizeof *same; i++) assert_true(is_same(same[i][0], same[i][0], same[i][1]));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_false(is_same(others[i][0], others[i][0], others[i][1]));
}

/* Empty texts, and lines that hold anything. */
static void odd_texts(void **state) {
  (void)state;
  assert_true(is_same("", "", ""));
  assert_false(is_same("", "", "\n"));
  assert_int_equal(compare("\n\n", "\n\n", "\n").missing, 2);
  struct nomem__output_text text = text_of("a\n\nlast");
  assert_int_equal(nomem__output_line(text, 2).bytes, 0);
  assert_non_null(nomem__output_line(text, 2).text);
  assert_int_equal(nomem__output_line(text, 3).bytes, 4);
  assert_null(nomem__output_line(text, 4).text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_line_varies), cmocka_unit_test(words_vary),
                                     cmocka_unit_test(order_varies),    cmocka_unit_test(lines_come_and_go),
                                     cmocka_unit_test(always_volatile), cmocka_unit_test(odd_texts)};
  return cmocka_run_group_tests_name("output lines", tests, NULL, NULL);
}
