/* SPDX-License-Identifier: MIT */
/* Whatever a program starts is gone when its keeper says so, or when the command is gone. That a process is gone is
 * seen by a pipe: all of the run have its one end, and when the last of them has ended, it is closed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/process/keeper.h"
#include "../../faults/explore/process/orphans.h"
#include "skip_because.h"

/* What hangs ends by then, also on a machine that hardly has time for it. */
#define LIMIT_MS 60000

static struct nomem__keepers keepers;
static struct nomem__keeper *keeper;
static int output[2]; /* a pipe: what the run writes */

static int set_up(void **state) {
  sigset_t child;
  (void)state;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, NULL);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  /* The keeper does not have the pipe, which is made after it. */
  return nomem__keeper_open(&keepers, NULL, &keeper) != 0 || pipe2(output, O_CLOEXEC) != 0;
}

static int tear_down(void **state) {
  (void)state;
  nomem__keeper_close(&keepers, keeper);
  close(output[0]);
  if (output[1] >= 0) close(output[1]);
  return 0;
}

static bool can_see_children(void) {
  return access("/proc/thread-self/children", R_OK) == 0;
}

/* Has a shell run the script, in a session of its own and with no environment. It writes to the pipe, or else to a file
 * whose memory the keeper bounds. */
static int start_writer(const char *script, bool is_forked, int file, uint64_t max_bytes, pid_t *pid) {
  char *arguments[] = {(char *)"sh", (char *)"-c", (char *)script, NULL}, *environment[] = {NULL};
  const struct nomem__spawn_request request = {.keeper = keeper,
                                               .path = "/bin/sh",
                                               .argv = arguments,
                                               .environment = environment,
                                               .stdin_fd = -1,
                                               .stdout_fd = file >= 0 ? file : output[1],
                                               .stderr_fd = file >= 0 ? output[1] : -1,
                                               .output_max_bytes = max_bytes,
                                               .own_session = true,
                                               .is_forked = is_forked,
                                               .scratch_socket = -1};
  int go[2], error[2];
  sigset_t none;
  sigemptyset(&none);
  if (pipe2(go, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0) return -1;
  int result = nomem__keeper_start(&keepers, keeper, &request, &none, go[0], error[1], pid);
  if (result == 0 && write(go[1], "", 1) != 1) result = -1;
  close(go[0]);
  close(go[1]);
  close(error[0]);
  close(error[1]);
  return result;
}

static int start(const char *script, bool is_forked, pid_t *pid) {
  return start_writer(script, is_forked, -1, 0, pid);
}

static struct nomem__keeper_report await_report(void) {
  struct nomem__keeper_report report = {.kind = NOMEM_KEEPER_STARTED};
  const struct timespec moment = {.tv_nsec = 10000000};
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  for (int i = 0; i < LIMIT_MS / 10 && !nomem__keeper_read(keeper, &report); i++) sigtimedwait(&child, NULL, &moment);
  return report;
}

/* Reads a line that the run writes when it is ready. */
static void await_line(void) {
  char text[8];
  struct pollfd watched = {.fd = output[0], .events = POLLIN};
  assert_int_equal(poll(&watched, 1, LIMIT_MS), 1);
  assert_int_equal(read(output[0], text, sizeof text), strlen("ready\n"));
}

/* All that had the other end are gone. */
static void expect_all_gone(void) {
  char byte;
  struct pollfd watched = {.fd = output[0], .events = POLLIN};
  close(output[1]);
  output[1] = -1;
  assert_int_equal(poll(&watched, 1, LIMIT_MS), 1);
  assert_int_equal(read(output[0], &byte, 1), 0);
}

/* What is left of a program that has ended is killed, and so are the children of that, in their turn. */
static void what_is_left(void **state) {
  static const char *const scripts[] = {"setsid sleep 120 & exit 3", "(sleep 120 &); exit 3",
                                        "sh -c 'sh -c \"sleep 120 & sleep 120; :\" & sleep 120; :' & exit 3"};
  pid_t pid = 0;
  (void)state;
  if (!can_see_children()) skip_because("the kernel does not list children");
  for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
    assert_int_equal(start(scripts[i], false, &pid), 0);
    struct nomem__keeper_report report = await_report();
    assert_int_equal(report.kind, NOMEM_KEEPER_ENDED);
    assert_int_equal(WEXITSTATUS(report.status), 3);
    assert_true(report.has_found);
    assert_false(report.has_left);
  }
  expect_all_gone();
}

/* Where nothing is left, nothing is found. */
static void nothing_is_left(void **state) {
  pid_t pid = 0;
  (void)state;
  assert_int_equal(start("sleep 0; sh -c 'exit 0'; exit 5", false, &pid), 0);
  struct nomem__keeper_report report = await_report();
  assert_int_equal(report.kind, NOMEM_KEEPER_ENDED);
  assert_int_equal(WEXITSTATUS(report.status), 5);
  assert_false(report.has_found);
  assert_true(report.usage.ru_maxrss > 0);
  expect_all_gone();
}

/* A program that goes on is ended with all it has started. */
static void all_is_killed(void **state) {
  pid_t pid = 0;
  (void)state;
  if (!can_see_children()) skip_because("the kernel does not list children");
  assert_int_equal(start("setsid sleep 120 & echo ready; sleep 120; :", false, &pid), 0);
  await_line();
  nomem__keeper_sweep(keeper, 0);
  struct nomem__keeper_report report = await_report();
  assert_int_equal(report.kind, NOMEM_KEEPER_ENDED);
  assert_true(WIFSIGNALED(report.status) && WTERMSIG(report.status) == SIGKILL);
  expect_all_gone();
}

/* What writes more than it may is ended with all that it has started, though the command does not look; what writes no
 * more comes to its end. Of a program that is forked the end is not reported. */
static void writers(void **state) {
  const struct timespec moment = {.tv_nsec = 10000000};
  static const char script[] = "head -c 3000000 /dev/zero; sleep 0.3; exit 7";
  static const char endless[] = "(head -c 3000000 /dev/zero; sleep 120) & sleep 120; exit 7";
  pid_t pid = 0;
  int file = memfd_create("output", MFD_CLOEXEC);
  (void)state;
  if (!can_see_children()) skip_because("the kernel does not list children");
  assert_true(file >= 0);
  assert_int_equal(start_writer(script, false, file, 4000000, &pid), 0);
  assert_int_equal(WEXITSTATUS(await_report().status), 7);
  assert_int_equal(ftruncate(file, 0) | (int)lseek(file, 0, SEEK_SET), 0);
  assert_int_equal(start_writer(endless, false, file, 2000000, &pid), 0);
  struct nomem__keeper_report report = await_report();
  assert_int_equal(report.kind, NOMEM_KEEPER_ENDED);
  assert_true(WIFSIGNALED(report.status) && WTERMSIG(report.status) == SIGKILL);
  assert_int_equal(ftruncate(file, 0) | (int)lseek(file, 0, SEEK_SET), 0);
  assert_int_equal(start_writer(endless, true, file, 2000000, &pid), 0);
  for (int i = 0; i < LIMIT_MS / 10 && nomem__keeper_has_others(keeper, 0); i++) nanosleep(&moment, NULL);
  assert_false(nomem__keeper_has_others(keeper, 0));
  close(file);
}

/* What the forks of a program leave is killed, and the program itself is not. */
static void one_is_spared(void **state) {
  pid_t pid = 0;
  (void)state;
  if (!can_see_children()) skip_because("the kernel does not list children");
  assert_int_equal(start("(sleep 120 &); echo ready; sleep 120; :", true, &pid), 0);
  await_line();
  assert_true(nomem__keeper_has_others(keeper, pid));
  nomem__keeper_sweep(keeper, pid);
  struct nomem__keeper_report report = await_report();
  assert_int_equal(report.kind, NOMEM_KEEPER_SWEPT);
  assert_int_equal(report.pid, pid);
  assert_false(nomem__keeper_has_others(keeper, pid));
  assert_int_equal(kill(pid, 0), 0);
  nomem__keeper_sweep(keeper, 0);
  assert_int_equal(await_report().kind, NOMEM_KEEPER_SWEPT);
  expect_all_gone();
}

/* The command is killed, and leaves nothing. */
static void command_is_killed(void **state) {
  (void)state;
  if (!can_see_children()) skip_because("the kernel does not list children");
  pid_t command = fork();
  if (command == 0) {
    pid_t pid;
    struct nomem__keepers own = {NULL};
    keepers = own; /* the test's own keeper is not its own */
    if (nomem__keeper_open(&keepers, NULL, &keeper) != 0) _exit(1);
    if (start("setsid sleep 120 & (sleep 120 &); echo ready; sleep 120; :", false, &pid) != 0) _exit(1);
    for (;;) pause();
  }
  await_line();
  kill(command, SIGKILL);
  assert_int_equal(waitpid(command, NULL, 0), command);
  expect_all_gone();
}

/* A run may stop its keeper, or kill it: the next program is started all the same. */
static void keeper_is_attacked(void **state) {
  pid_t pid = 0;
  (void)state;
  kill(nomem__keeper_pid(keeper), SIGSTOP);
  assert_int_equal(start("exit 4", false, &pid), 0);
  assert_int_equal(WEXITSTATUS(await_report().status), 4);
  pid_t former = nomem__keeper_pid(keeper);
  kill(former, SIGKILL);
  assert_int_equal(waitpid(former, NULL, 0), former);
  assert_null(nomem__keepers_ended(&keepers, pid));
  assert_ptr_equal(nomem__keepers_ended(&keepers, former), keeper);
  assert_int_equal(start("exit 6", false, &pid), 0);
  assert_int_equal(WEXITSTATUS(await_report().status), 6);
  assert_true(nomem__keeper_pid(keeper) != former);
}

static bool is_first(pid_t pid, const void *first) {
  return pid == *(const pid_t *)first;
}

/* All children are found, though their list takes more than one read, and a number lies on the border of two. */
static void many_children(void **state) {
  enum { CHILDREN = 100 };
  static pid_t pids[CHILDREN];
  (void)state;
  if (!can_see_children()) skip_because("the kernel does not list children");
  for (int i = 0; i < CHILDREN; i++) {
    pids[i] = fork();
    if (pids[i] < 0) skip_because("so many processes are not allowed here");
    if (pids[i] == 0)
      for (;;) pause();
  }
  assert_true(nomem__orphans_kill(is_first, &pids[0]).killed >= CHILDREN); /* the keeper is a child, too */
  for (int i = 1; i < CHILDREN; i++) {
    int status = 0;
    assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
    assert_true(WIFSIGNALED(status));
  }
  assert_int_equal(waitpid(pids[0], NULL, WNOHANG), 0);
  kill(pids[0], SIGKILL);
  assert_int_equal(waitpid(pids[0], NULL, 0), pids[0]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_is_left, set_up, tear_down),
      cmocka_unit_test_setup_teardown(nothing_is_left, set_up, tear_down),
      cmocka_unit_test_setup_teardown(all_is_killed, set_up, tear_down),
      cmocka_unit_test_setup_teardown(writers, set_up, tear_down),
      cmocka_unit_test_setup_teardown(one_is_spared, set_up, tear_down),
      cmocka_unit_test_setup_teardown(command_is_killed, set_up, tear_down),
      cmocka_unit_test_setup_teardown(keeper_is_attacked, set_up, tear_down),
      cmocka_unit_test_setup_teardown(many_children, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
