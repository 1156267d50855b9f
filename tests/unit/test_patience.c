/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/stack/patience.h"
#include "skip_because.h"

/* Work that reads a byte from a pipe. */
struct job {
  int from;
  char byte;
};

static int to_worker[2];
static atomic_int discarded;

static void read_byte(void *argument) {
  struct job *job = argument;
  if (read(job->from, &job->byte, 1) != 1) job->byte = '?';
}

static void discard(void *argument) {
  free(argument);
  discarded++;
}

static struct job *new_job(void) {
  struct job *job = calloc(1, sizeof *job);
  assert_non_null(job);
  job->from = to_worker[0];
  return job;
}

static int open_pipe(void **state) {
  (void)state;
  discarded = 0;
  return pipe2(to_worker, O_CLOEXEC);
}

static void write_byte(void) {
  assert_int_equal(write(to_worker[1], "x", 1), 1);
}

/* The result is there when the call returns, and the job is the caller's still. */
static void expect_all_done(void) {
  for (int i = 0; i < 100; i++) {
    struct job *job = new_job();
    write_byte();
    assert_true(nomem__patience_call(read_byte, discard, job));
    assert_int_equal(job->byte, 'x');
    free(job);
  }
  assert_false(nomem__patience_is_strained());
}

/* Where there is no memory for a thread's stack. */
static void test_no_thread(void **state) {
  (void)state;
#ifdef __SANITIZE_ADDRESS__
  skip_because("a sanitizer has no memory either then");
#endif
  struct job *job = new_job();
  int status = 0;
  write_byte();
  pid_t child = fork();
  if (child == 0) {
    const struct rlimit none = {1, 1};
    alarm(60);
    if (setrlimit(RLIMIT_AS, &none) != 0) _exit(1);
    _exit(nomem__patience_call(read_byte, discard, job) && job->byte == 'x' ? 0 : 2);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  free(job);
}

static void test_done(void **state) {
  (void)state;
  expect_all_done();
  assert_int_equal(discarded, 0);
}

/* What never ends is left alone, does not hinder the next, and is discarded when it ends after all. */
static void test_left_alone(void **state) {
  (void)state;
  assert_false(nomem__patience_call(read_byte, discard, new_job()));
  assert_true(nomem__patience_is_strained());
  assert_int_equal(discarded, 0);
  write_byte();
  for (int i = 0; i < 10000 && nomem__patience_is_strained(); i++) usleep(1000);
  assert_false(nomem__patience_is_strained());
  assert_int_equal(discarded, 1);
  expect_all_done();
}

/* A child has no thread of its parent's, and starts its own. */
static void test_child(void **state) {
  (void)state;
  struct job *job = new_job();
  int status = 0;
  write_byte();
  assert_true(nomem__patience_call(read_byte, discard, job));
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    if (write(to_worker[1], "y", 1) != 1) _exit(1);
    _exit(nomem__patience_call(read_byte, discard, job) && job->byte == 'y' ? 0 : 2);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  free(job);
  expect_all_done();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_no_thread, open_pipe), /* the first: no stack of a thread is left to be used again */
      cmocka_unit_test_setup(test_done, open_pipe),
      cmocka_unit_test_setup(test_left_alone, open_pipe),
      cmocka_unit_test_setup(test_child, open_pipe),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
