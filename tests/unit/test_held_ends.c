/* SPDX-License-Identifier: MIT */
/* While the end of one process is held back, those of others are seen, and so are stops. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/process/held_ends.h"
#include "skip_because.h"

/* What does not come by then never will, also on a machine that hardly has time for it. */
#define LIMIT_MS 60000

static const struct timespec moment = {.tv_nsec = 1000000};

static pid_t start(int status) {
  pid_t pid = fork();
  if (pid == 0) _exit(status);
  return pid;
}

/* Until the process has ended, and nobody has waited for it. */
static void await_end(pid_t pid) {
  siginfo_t info;
  assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void members(void **state) {
  struct nomem__held_ends held = {0};
  (void)state;
  assert_false(nomem__held_ends_have(&held, 1));
  for (int i = 0; i < 40; i++) nomem__held_ends_add(&held, 100 + i % 20);
  assert_int_equal(held.count, 20);
  assert_true(nomem__held_ends_have(&held, 119));
  assert_true(nomem__held_ends_remove(&held, 100));
  assert_false(nomem__held_ends_remove(&held, 100));
  assert_false(nomem__held_ends_have(&held, 100));
  assert_true(nomem__held_ends_have(&held, 119));
  nomem__held_ends_free(&held);
  assert_int_equal(held.count, 0);
}

static void others_are_seen(void **state) {
  struct nomem__held_ends held = {0};
  struct rusage usage;
  int status = 0;
  pid_t first = start(1), second = start(2);
  (void)state;
  nomem__held_ends_add(&held, first);
  await_end(first);
  await_end(second);
  assert_int_equal(nomem__held_ends_wait(&held, first, &status, &usage), 0);
  assert_int_equal(nomem__held_ends_wait_for_stop(&status), 0);
  assert_int_equal(nomem__held_ends_wait(&held, second, &status, &usage), second);
  assert_int_equal(WEXITSTATUS(status), 2);
  nomem__held_ends_remove(&held, first);
  assert_int_equal(nomem__held_ends_wait(&held, first, &status, &usage), first);
  assert_int_equal(WEXITSTATUS(status), 1);
  nomem__held_ends_free(&held);
}

/* A stop has the status that wait4 gives it. */
static void stops_are_seen(void **state) {
  int status = 0;
  pid_t ended = start(1), pid = fork(), seen = 0;
  (void)state;
  if (pid == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(77);
    raise(SIGUSR1);
    _exit(0);
  }
  await_end(ended);
  for (int ms = 0; ms < LIMIT_MS && seen == 0; ms++) {
    seen = nomem__held_ends_wait_for_stop(&status);
    siginfo_t info = {0};
    if (seen == 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid) break;
    if (seen == 0) nanosleep(&moment, NULL);
  }
  waitpid(ended, NULL, 0);
  if (seen == 0) {
    waitpid(pid, NULL, 0);
    skip_because("ptrace is not allowed here");
  }
  assert_int_equal(seen, pid);
  assert_true(WIFSTOPPED(status));
  assert_int_equal(WSTOPSIG(status), SIGUSR1);
  ptrace(PTRACE_CONT, pid, NULL, NULL);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members),
      cmocka_unit_test(others_are_seen),
      cmocka_unit_test(stops_are_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
