/* SPDX-License-Identifier: MIT */
/* The lists of the threads that are traced, and of those that nobody has claimed yet. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/process/orphans.h"
#include "../../faults/explore/process/tracees.h"

/* No process has a number like this. */
#define NOBODY 0x7fff0000

/* Each thread is in the list once, wherever others are removed. */
static void add_and_remove(void **state) {
  struct nomem__tracees tracees = {0};
  (void)state;
  for (int i = 0; i < 20; i++) nomem__tracees_add(&tracees, NOBODY + i % 10);
  assert_int_equal(tracees.count, 10);
  nomem__tracees_remove(&tracees, nomem__tracees_find(&tracees, NOBODY));
  nomem__tracees_remove(&tracees, nomem__tracees_find(&tracees, NOBODY + 9));
  for (int i = 0; i < 10; i++) {
    const struct nomem__tracee *tracee = nomem__tracees_find(&tracees, NOBODY + i);
    if (i == 0 || i == 9)
      assert_null(tracee);
    else
      assert_int_equal(tracee->tid, NOBODY + i);
  }
  free(tracees.list);
}

/* The first thread of a process stands for the process. */
static void first_thread(void **state) {
  struct nomem__tracees tracees = {0};
  (void)state;
  nomem__tracees_add(&tracees, getpid());
  nomem__tracees_add(&tracees, NOBODY);
  assert_true(nomem__tracees_find(&tracees, getpid())->is_process);
  assert_false(nomem__tracees_find(&tracees, NOBODY)->is_process);
  free(tracees.list);
}

static void ignore(int signal) {
  (void)signal;
}

/* A signal is caught or ignored, or it kills. */
static void status(void **state) {
  struct nomem__status read;
  (void)state;
  signal(SIGUSR1, ignore);
  signal(SIGUSR2, SIG_IGN);
  nomem__status_read(getpid(), &read);
  assert_int_equal(read.pid, getpid());
  assert_int_equal(read.parent, getppid());
  assert_int_equal(read.caught >> (SIGUSR1 - 1) & 1, 1);
  assert_int_equal(read.ignored >> (SIGUSR1 - 1) & 1, 0);
  assert_int_equal(read.ignored >> (SIGUSR2 - 1) & 1, 1);
  assert_int_equal(read.caught >> (SIGUSR2 - 1) & 1, 0);
  nomem__status_read(NOBODY, &read);
  assert_int_equal(read.pid, NOBODY);
  assert_int_equal(read.parent, 0);
  assert_int_equal(read.caught | read.ignored, 0);
}

/* A thread that nobody claims is remembered until somebody does. */
static void unclaimed(void **state) {
  struct nomem__unclaimed list = {.count = 0};
  (void)state;
  assert_false(nomem__unclaimed_remove(&list, NOBODY));
  for (int i = 0; i < 3; i++) nomem__unclaimed_add(&list, NOBODY + i);
  assert_true(nomem__unclaimed_remove(&list, NOBODY));
  assert_false(nomem__unclaimed_remove(&list, NOBODY));
  assert_true(nomem__unclaimed_remove(&list, NOBODY + 2));
  assert_true(nomem__unclaimed_remove(&list, NOBODY + 1));
  assert_int_equal(list.count, 0);
}

/* A process that waits to be killed, but not for ever. */
static pid_t start_child(void) {
  pid_t pid = fork();
  if (pid == 0) {
    alarm(20);
    for (;;) pause();
  }
  return pid;
}

static void expect_killed(pid_t pid) {
  int end = 0;
  assert_int_equal(waitpid(pid, &end, 0), pid);
  assert_true(WIFSIGNALED(end) && WTERMSIG(end) == SIGKILL);
}

/* One for which there is no room would stand still for ever: it is killed. */
static void no_room(void **state) {
  static struct nomem__unclaimed list;
  (void)state;
  for (int i = 0; i < NOMEM__UNCLAIMED_MAX; i++) nomem__unclaimed_add(&list, NOBODY + i);
  pid_t child = start_child();
  nomem__unclaimed_add(&list, child);
  assert_int_equal(list.count, NOMEM__UNCLAIMED_MAX);
  expect_killed(child);
}

/* Those that have become children of the command are killed, and others are not. */
static void kill_orphans(void **state) {
  struct nomem__unclaimed list = {.count = 0};
  (void)state;
  pid_t child = start_child();
  nomem__unclaimed_add(&list, NOBODY);
  nomem__unclaimed_add(&list, child);
  nomem__unclaimed_kill_orphans(&list, getpid());
  expect_killed(child);
  assert_int_equal(list.count, 1);
  assert_int_equal(list.list[0], NOBODY);
}

/* Of the threads that are waited for, all stay: those that live, and those that have ended and were not waited for
 * yet. A number that somebody else has is no such thread. */
static void drop_gone(void **state) {
  struct nomem__tracees tracees = {0};
  (void)state;
  pid_t child = start_child(), ended = start_child();
  kill(ended, SIGKILL);
  nomem__tracees_add(&tracees, child);
  nomem__tracees_add(&tracees, NOBODY);
  nomem__tracees_add(&tracees, ended);
  nomem__tracees_add(&tracees, getppid());
  assert_int_equal(nomem__tracees_drop_gone(&tracees), 2);
  assert_int_equal(tracees.count, 2);
  assert_non_null(nomem__tracees_find(&tracees, child));
  assert_non_null(nomem__tracees_find(&tracees, ended));
  expect_killed(ended);
  assert_int_equal(nomem__tracees_drop_gone(&tracees), 1);
  kill(child, SIGKILL);
  expect_killed(child);
  free(tracees.list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(add_and_remove), cmocka_unit_test(first_thread), cmocka_unit_test(status),
      cmocka_unit_test(unclaimed),      cmocka_unit_test(no_room),      cmocka_unit_test(kill_orphans),
      cmocka_unit_test(drop_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
