/* SPDX-License-Identifier: MIT */
/* What a run wrote, against what the baseline wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/run/output_compare.h"

static struct nomem__output stream(const char *text, size_t bytes) {
  struct nomem__output_capture capture;
  assert_int_equal(nomem__output_capture_open(&capture), 0);
  assert_int_equal(write(capture.fd[NOMEM_OUTPUT], text, bytes), bytes);
  close(capture.fd[NOMEM_ERROR]);
  return nomem__output_capture_read(&capture, NOMEM_OUTPUT);
}

/* Whether it differs, and no failure was mentioned. */
static bool is_lost(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                    const struct nomem__output *error) {
  return nomem__output_differs(baseline, output) && !nomem__output_mentions_failure(baseline, output, error);
}

static bool is_swallowed(const char *baseline_output, const char *baseline_error, const char *output,
                         const char *error) {
  struct nomem__baseline_output baseline = {0};
  struct nomem__output capture[] = {stream(baseline_output, strlen(baseline_output)),
                                    stream(baseline_error, strlen(baseline_error)), stream(output, strlen(output)),
                                    stream(error, strlen(error))};
  nomem__baseline_output_set(&baseline, &capture[0], &capture[1]);
  bool result = is_lost(&baseline, &capture[2], &capture[3]);
  nomem__baseline_output_free(&baseline);
  for (int i = 0; i < 4; i++) close(capture[i].fd);
  return result;
}

/* Other output, and not a word of it. */
static void swallowed(void **state) {
  (void)state;
  assert_true(is_swallowed("a\nb\n", "", "a\n", ""));
  assert_true(is_swallowed("a\nb\n", "", "", ""));
  assert_true(is_swallowed("", "", "a", ""));
  assert_true(is_swallowed("a\nb\n", "always\n", "b\n", "always\n"));
  assert_true(is_swallowed("a\nb\n", "always\n", "b\n", ""));
  assert_true(is_swallowed("ok 1\nok 2\n", "", "ok 1\n", ""));
  assert_true(is_swallowed("3 passed, 0 failed\n", "", "2 passed, 0 failed\n", ""));
  assert_true(is_swallowed("3 rows, no errors\n", "", "2 rows, no errors\n", ""));
}

/* The same output; or the failure was reported, there or here. */
static void not_swallowed(void **state) {
  (void)state;
  assert_false(is_swallowed("a\nb\n", "", "a\nb\n", ""));
  assert_false(is_swallowed("", "", "", ""));
  assert_false(is_swallowed("a\nb\n", "", "a\n", "what now"));
  assert_false(is_swallowed("a\nb\n", "always\n", "a\n", "always\nmore\n"));
  assert_false(is_swallowed("a\nb\n", "", "a\nOut of Memory\n", ""));
  assert_false(is_swallowed("ok 1\nok 2\n", "", "ok 1\nnot ok 2 # failed\n", ""));
  assert_false(is_swallowed("ok 1\nok 2\n", "", "ok 1\nnot ok 2 - list\n", ""));
  assert_false(is_swallowed("[ OK ] a\n2 passed\n", "", "[ RUN ] a\n[  FAILED  ] a\n1 passed\n", ""));
  assert_false(is_swallowed("PASS: a\n", "", "FAIL: a\n", ""));
  assert_false(is_swallowed("3 passed, 0 failed\n", "", "2 passed, 1 failed\n", ""));
  assert_false(is_swallowed("3 rows\n", "", "no memory\n", ""));
}

/* What differs without a fault shows nothing; all else does, and how much is not compared is said. */
static void unstable(void **state) {
  (void)state;
  struct nomem__baseline_output baseline = {0};
  struct nomem__output first = stream("run 1\nend\n", 10), second = stream("run 2\nend\n", 10);
  struct nomem__output third = stream("run 3\nend\n", 10), lacking = stream("run 3\n", 6), none = stream("", 0);
  char text[512], note[NOMEM__OUTPUT_NOTE_BYTES];
  nomem__baseline_output_set(&baseline, &first, &none);
  nomem__output_note(&baseline, note, sizeof note);
  assert_string_equal(note, "");
  assert_true(is_lost(&baseline, &third, &none));
  assert_false(nomem__output_is_same(&baseline, &second, &none));
  nomem__baseline_output_compare(&baseline, &second, &none);
  assert_false(is_lost(&baseline, &third, &none));
  assert_true(nomem__output_is_same(&baseline, &third, &none));
  assert_true(is_lost(&baseline, &lacking, &none));
  assert_false(nomem__output_is_gone(&baseline, &lacking));
  assert_true(nomem__output_is_gone(&baseline, &none));
  assert_false(nomem__output_is_never_there(&baseline));
  nomem__output_difference(&baseline, &lacking, text, sizeof text);
  assert_string_equal(text, "its output lacks line 2 of what it is without the fault, 'end'");
  nomem__output_note(&baseline, note, sizeof note);
  assert_string_equal(note,
                      "standard output varies without any fault: of its 2 lines, 0 are not compared, 1 in part, and "
                      "not their order");
  nomem__baseline_output_compare(&baseline, &none, &none);
  assert_false(nomem__output_is_gone(&baseline, &none)); /* it may be empty without a fault */
  nomem__baseline_output_free(&baseline);
  close(first.fd), close(second.fd), close(third.fd), close(lacking.fd), close(none.fd);
}

/* A standard error with the time in it says nothing of a failure, and one with a new line does. */
static void unstable_error(void **state) {
  (void)state;
  struct nomem__baseline_output baseline = {0};
  struct nomem__output output = stream("a\n", 2), none = stream("", 0);
  struct nomem__output first = stream("log 1\n", 6), second = stream("log 2\n", 6), third = stream("log 3\n", 6);
  struct nomem__output more = stream("log 4\nwhat now\n", 15);
  nomem__baseline_output_set(&baseline, &output, &first);
  nomem__baseline_output_compare(&baseline, &output, &second);
  assert_true(is_lost(&baseline, &none, &third));
  assert_false(is_lost(&baseline, &none, &more));
  nomem__baseline_output_free(&baseline);
  close(output.fd), close(none.fd), close(first.fd), close(second.fd), close(third.fd), close(more.fd);
}

static bool says_success(const char *baseline_error, const char *error, char *text, size_t text_bytes) {
  struct nomem__baseline_output baseline = {0};
  struct nomem__output none = stream("", 0), was = stream(baseline_error, strlen(baseline_error)),
                       is = stream(error, strlen(error));
  nomem__baseline_output_set(&baseline, &none, &was);
  bool result = nomem__output_says_success(&baseline, &is, text, text_bytes);
  nomem__baseline_output_free(&baseline);
  close(none.fd), close(was.fd), close(is.fd);
  return result;
}

/* A duration, which two runs may have had in common by chance, makes no run another one. */
static void same(void **state) {
  (void)state;
  struct nomem__baseline_output baseline = {0};
  struct nomem__output first = stream("ok\nRan 3 tests in 0.010s\n", 26),
                       later = stream("ok\nRan 3 tests in 0.125s\n", 26);
  struct nomem__output other = stream("ok\nRan 4 tests in 0.010s\n", 26), none = stream("", 0);
  nomem__baseline_output_set(&baseline, &none, &first);
  assert_true(nomem__output_is_same(&baseline, &none, &later));
  assert_false(nomem__output_is_same(&baseline, &none, &other));
  assert_false(nomem__output_is_same(&baseline, &none, &none));
  assert_false(nomem__output_is_same(&baseline, &first, &first));
  nomem__baseline_output_free(&baseline);
  close(first.fd);
  close(later.fd);
  close(other.fd);
  close(none.fd);
}

static bool is_bad(const char *line, size_t bytes) {
  return bytes > 3 && memcmp(line, "bad", 3) == 0;
}

/* Whether something is said on either stream that is not said without a fault, and by which line. */
static void says(void **state) {
  (void)state;
  struct nomem__baseline_output baseline = {0};
  struct nomem__output output = stream("a\nbad as always\n", 16), none = stream("", 0);
  struct nomem__output worse = stream("a\nbad as always\n  bad\nbad luck\n", 31);
  char text[64] = "";
  nomem__baseline_output_set(&baseline, &output, &none);
  assert_false(nomem__output_says(&baseline, &output, &none, is_bad, NULL, 0));
  assert_true(nomem__output_says(&baseline, &worse, &none, is_bad, NULL, 0));
  assert_true(nomem__output_says(&baseline, &output, &worse, is_bad, text, sizeof text));
  assert_string_equal(text, "'bad as always'"); /* which is new there */
  nomem__baseline_output_free(&baseline);
  close(output.fd);
  close(worse.fd);
  close(none.fd);
}

/* "Success" is no reason of a failure, but a word like others where it is no reason, or is written anyway. */
static void success(void **state) {
  (void)state;
  char text[512];
  assert_true(says_success("", "begin\nx: Success\n", text, sizeof text));
  assert_string_equal(text, "it says 'x: Success': errno was lost");
  assert_true(says_success("always\n", "always\ncannot open (Success).\n", NULL, 0));
  assert_true(says_success("", "read failed: error 0", NULL, 0));
  assert_false(says_success("", "x: Cannot allocate memory\n", NULL, 0));
  assert_false(says_success("", "no memory\nx: Success\n", NULL, 0));
  assert_false(says_success("x: Success\n", "x: Success\ny: Success\n", NULL, 0));
  assert_false(says_success("", "Success: 3\n", NULL, 0));
  assert_false(says_success("", "", NULL, 0));
}

static void expect_difference(const char *was, size_t was_bytes, const char *is, size_t is_bytes,
                              const char *expected) {
  struct nomem__baseline_output baseline = {0};
  struct nomem__output first = stream(was, was_bytes), second = stream(is, is_bytes), none = stream("", 0);
  char text[512];
  nomem__baseline_output_set(&baseline, &first, &none);
  nomem__output_difference(&baseline, &second, text, sizeof text);
  assert_string_equal(text, expected);
  nomem__baseline_output_free(&baseline);
  close(first.fd), close(second.fd), close(none.fd);
}

/* The first line that differs is shown, made safe, whichever of the two is longer. */
static void difference(void **state) {
  (void)state;
#define EXPECT(was, is, text) expect_difference(was, sizeof(was) - 1, is, sizeof(is) - 1, text)
  EXPECT("a\nbc\n", "a\nbd\n", "line 2 of its output is 'bd', without the fault it is 'bc'");
  EXPECT("a\nb\n", "a\n", "line 2 of its output is nothing, without the fault it is 'b'");
  EXPECT("a\n", "a\nb\n", "line 2 of its output is 'b', without the fault it is nothing");
  EXPECT("a\nb", "a\nb\n", "its output differs from byte 4 on, in line 2");
  EXPECT("a\nb\0c", "a\nb\0d", "its output differs from byte 5 on, in line 2");
  EXPECT("a line of which the end is lost, end", "a line of which the end is lost",
         "line 1 of its output is '...of which the end is lost', without the fault it is '...of which the end is lost, "
         "end'");
  EXPECT("\xe2\x82\xac one and two and three and", "\xe2\x82\xac one and two and three",
         "line 1 of its output is '\xe2\x82\xac one and two and three', without the fault it is "
         "'\xe2\x82\xac one and two and three and'");
  EXPECT("", "\n", "line 1 of its output is '', without the fault it is nothing");
  EXPECT("\33[2J\n", "\xff\n", "line 1 of its output is '\\xff', without the fault it is '\\x1b[2J'");
#undef EXPECT
}

/* Past what is kept of the baseline there is no line to show, and a long line is cut. */
static void large(void **state) {
  (void)state;
  size_t bytes = ((size_t)1 << 20) + 100;
  char *was = malloc(bytes), *is = malloc(bytes);
  memset(was, 'x', bytes);
  memset(is, 'x', bytes);
  is[bytes - 1] = 'y';
  expect_difference(was, bytes, is, bytes, "its output differs after the first 1048576 bytes");
  is[5] = 'y';
  struct nomem__baseline_output baseline = {0};
  struct nomem__output first = stream(was, bytes), second = stream(is, bytes), none = stream("", 0);
  char text[512];
  nomem__baseline_output_set(&baseline, &first, &none);
  nomem__output_difference(&baseline, &second, text, sizeof text);
  assert_non_null(strstr(text, "line 1 of its output is 'xxxxxyxx"));
  assert_non_null(strstr(text, "xx...', without"));
  assert_non_null(strstr(text, "without the fault it is 'xxxxxxxx"));
  nomem__baseline_output_free(&baseline);
  free(was), free(is);
  close(first.fd), close(second.fd), close(none.fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(swallowed),      cmocka_unit_test(not_swallowed), cmocka_unit_test(unstable),
      cmocka_unit_test(unstable_error), cmocka_unit_test(same),          cmocka_unit_test(says),
      cmocka_unit_test(success),        cmocka_unit_test(difference),    cmocka_unit_test(large)};
  return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
