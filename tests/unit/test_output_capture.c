/* SPDX-License-Identifier: MIT */
/* The files that runs write to, one after the other. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/run/output_capture.h"

static struct nomem__output_capture capture;

static int set_up(void **state) {
  (void)state;
  return nomem__output_capture_open(&capture);
}

static int tear_down(void **state) {
  (void)state;
  nomem__output_capture_close(&capture);
  return 0;
}

static void put(unsigned which, const char *text) {
  assert_int_equal(write(capture.fd[which], text, strlen(text)), strlen(text));
}

static void expect_tail(bool by_death, size_t bytes, const char *expected) {
  char kept[16];
  nomem__output_capture_tail(&capture, by_death, kept, bytes);
  assert_string_equal(kept, expected);
}

/* Standard error is asked first; of what is too long the end is given. */
static void tail(void **state) {
  (void)state;
  expect_tail(false, 16, "");
  put(NOMEM_OUTPUT, "abcdefgh");
  expect_tail(false, 5, "efgh");
  expect_tail(false, 16, "abcdefgh");
  put(NOMEM_ERROR, "xy");
  expect_tail(false, 16, "xy");
}

/* What is written after a death others have written. */
static void death(void **state) {
  (void)state;
  put(NOMEM_OUTPUT, "said");
  nomem__output_capture_note_death(&capture);
  put(NOMEM_ERROR, "parent");
  expect_tail(true, 16, "said");
  expect_tail(false, 16, "parent");
  assert_int_equal(nomem__output_capture_rewind(&capture), 0);
  put(NOMEM_ERROR, "later");
  expect_tail(true, 16, "later"); /* nothing died in this run */
}

/* A fork begins with what was there before it, and with the flags that were set then. */
static void forks(void **state) {
  (void)state;
  put(NOMEM_OUTPUT, "start ");
  struct nomem__output before = nomem__output_capture_read(&capture, NOMEM_OUTPUT);
  nomem__output_capture_keep(&capture);
  put(NOMEM_OUTPUT, "first");
  assert_int_equal(fcntl(capture.fd[NOMEM_ERROR], F_SETFL, O_NONBLOCK), 0);
  assert_int_equal(nomem__output_capture_bytes(&capture), 11);
  assert_int_equal(nomem__output_capture_rewind(&capture), 0);
  struct nomem__output after = nomem__output_capture_read(&capture, NOMEM_OUTPUT);
  assert_int_equal(after.bytes, 6);
  assert_true(after.hash == before.hash);
  assert_int_equal(fcntl(capture.fd[NOMEM_ERROR], F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND);
  assert_int_equal(nomem__output_capture_restart(&capture), 0);
  assert_int_equal(nomem__output_capture_bytes(&capture), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(tail, set_up, tear_down),
                                     cmocka_unit_test_setup_teardown(death, set_up, tear_down),
                                     cmocka_unit_test_setup_teardown(forks, set_up, tear_down)};
  return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}
