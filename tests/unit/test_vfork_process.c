/* SPDX-License-Identifier: MIT */
/* A process in the memory of its parent: what it does there, what it does not, and its end. */
#include "../../faults/explore/isolation/vfork_process.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct notes {
  pid_t own, parent;
  sigset_t blocked;
  struct sigaction action;
};

static int take_notes(void *user) {
  struct notes *notes = user;
  char much[100 * 1024];
  memset(much, 1, sizeof much);
  __asm__ volatile("" : : "r"(much) : "memory");
  notes->own = getpid();
  notes->parent = getppid();
  sigprocmask(SIG_SETMASK, NULL, &notes->blocked);
  sigaction(SIGUSR1, NULL, &notes->action);
  signal(SIGUSR1, SIG_IGN);
  return 42;
}

static void test_it_writes_to_the_memory_and_ends(void **state) {
  (void)state;
  struct notes notes = {0};
  struct sigaction after;
  sigset_t some, now;
  int status;
  sigemptyset(&some);
  sigaddset(&some, SIGUSR2);
  sigprocmask(SIG_SETMASK, &some, NULL);
  pid_t pid = nomem__vfork_process(take_notes, &notes);
  assert_int_equal(notes.own, pid);
  assert_int_equal(notes.parent, getpid());
  assert_true(sigismember(&notes.blocked, SIGTERM));
  assert_true(notes.action.sa_handler == SIG_DFL);
  sigaction(SIGUSR1, NULL, &after);
  assert_true(after.sa_handler == SIG_DFL);
  sigprocmask(SIG_SETMASK, NULL, &now);
  assert_true(sigismember(&now, SIGUSR2));
  assert_false(sigismember(&now, SIGTERM));
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 42);
}

static int execute(void *path) {
  execl(path, path, (char *)NULL);
  return errno;
}

static void test_it_executes_a_program(void **state) {
  (void)state;
  int status;
  pid_t pid = nomem__vfork_process(execute, "/bin/false");
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(WEXITSTATUS(status), 1);
  pid = nomem__vfork_process(execute, "/nowhere");
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(WEXITSTATUS(status), ENOENT);
}

static int be_killed(void *user) {
  (void)user;
  kill(getpid(), SIGKILL);
  return 0;
}

static void test_it_is_killed(void **state) {
  (void)state;
  int status;
  pid_t pid = nomem__vfork_process(be_killed, NULL);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFSIGNALED(status));
}

static void test_no_process_is_left(void **state) {
  (void)state;
  struct rlimit before, none;
  assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
  none = before;
  none.rlim_cur = 4096;
  setrlimit(RLIMIT_AS, &none);
  pid_t pid = nomem__vfork_process(be_killed, NULL);
  int error = errno;
  setrlimit(RLIMIT_AS, &before);
  assert_int_equal(pid, -1);
  assert_int_equal(error, ENOMEM);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_it_writes_to_the_memory_and_ends),
      cmocka_unit_test(test_it_executes_a_program),
      cmocka_unit_test(test_it_is_killed),
      cmocka_unit_test(test_no_process_is_left),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
