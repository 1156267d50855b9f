/* SPDX-License-Identifier: MIT */
/* The injector knows its process and thread without asking the kernel, and agrees with the kernel wherever it is. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject/process_id.h"

static bool agrees(void) {
  return nomem__process_id() == (int32_t)syscall(SYS_getpid) && nomem__thread_id() == (int32_t)syscall(SYS_gettid);
}

static int prepare(void **state) {
  (void)state;
  nomem__process_id_prepare();
  return 0;
}

static void *in_thread(void *agreed) {
  *(bool *)agreed = agrees();
  return NULL;
}

static bool agrees_in_thread(void) {
  pthread_t thread;
  bool agreed = false;
  if (pthread_create(&thread, NULL, in_thread, &agreed) != 0) return false;
  pthread_join(thread, NULL);
  return agreed;
}

static void main_thread_and_others(void **state) {
  (void)state;
  assert_true(agrees());
  assert_true(agrees_in_thread());
  assert_true(agrees());
}

static void check_child(pid_t child) {
  int status;
  assert_true(child > 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void child_of_fork(void **state) {
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    nomem__process_id_forked();
    _exit(agrees() && agrees_in_thread() && agrees() ? 0 : 1);
  }
  check_child(child);
  assert_true(agrees());
}

/* The C library does not notice, and goes on to take the child's thread for the parent's. */
static void child_of_a_bare_fork(void **state) {
  (void)state;
  pid_t child = (pid_t)syscall(SYS_fork);
  if (child == 0) {
    nomem__process_id_forked();
    _exit(agrees() ? 0 : 1);
  }
  check_child(child);
}

/* A snapshot keeps the number of its parent's thread; its own children are known to the C library again. */
static void snapshot_and_its_child(void **state) {
  (void)state;
  pid_t snapshot = (pid_t)syscall(SYS_fork);
  if (snapshot == 0) {
    nomem__process_id_served(false);
    if (!agrees()) _exit(1);
    pid_t child = fork();
    if (child == 0) {
      nomem__process_id_forked();
      _exit(agrees() ? 0 : 1);
    }
    int status;
    _exit(waitpid(child, &status, 0) == child && status == 0 && agrees() ? 0 : 2);
  }
  check_child(snapshot);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(main_thread_and_others),
      cmocka_unit_test(child_of_fork),
      cmocka_unit_test(child_of_a_bare_fork),
      cmocka_unit_test(snapshot_and_its_child),
  };
  return cmocka_run_group_tests(tests, prepare, NULL);
}
