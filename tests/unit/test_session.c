/* SPDX-License-Identifier: MIT */
/* A session that cannot be opened leaves nothing open, and every signal that would end the command is its own. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/run/session.h"

static struct nomem__session session;
static struct nomem__options options;
static char *program[] = {"/bin/true", NULL};
static char preload[PATH_MAX];

/* The library is looked for beside the program that runs, which is this test. */
static int set_up(void **state) {
  (void)state;
  char self[PATH_MAX] = "";
  if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return -1;
  snprintf(preload, sizeof preload, "%.4000s/libnomem-preload.so", dirname(self));
  int fd = open(preload, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  close(fd);
  options = (struct nomem__options){.program = program, .image = "", .jobs = 2};
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  return unlink(preload);
}

/* Its messages are not the test's. Returns what brings standard error back. */
static int silence(void) {
  int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  dup2(null, STDERR_FILENO);
  close(null);
  return kept;
}

static void speak_again(int kept) {
  dup2(kept, STDERR_FILENO);
  close(kept);
}

static int open_quietly(void) {
  int kept = silence(), result = nomem__session_open(&session, &options, false);
  speak_again(kept);
  return result;
}

static unsigned count_descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  unsigned count = 0;
  assert_non_null(folder);
  while (readdir(folder) != NULL) count++;
  closedir(folder);
  return count;
}

static void expect_nothing_left(unsigned descriptors, const sigset_t *blocked) {
  sigset_t now;
  assert_int_equal(count_descriptors(), descriptors);
  assert_true(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
  sigprocmask(SIG_BLOCK, NULL, &now);
  for (int number = 1; number < NSIG; number++)
    assert_int_equal(sigismember(&now, number), sigismember(blocked, number));
}

/* Whichever descriptor is the one too many. */
static void few_descriptors(void **state) {
  (void)state;
  struct rlimit limit, few;
  sigset_t blocked;
  unsigned opened = 0, refused = 0;
  assert_int_equal(open_quietly(), 0); /* libuv keeps some for good */
  nomem__session_close(&session);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  sigprocmask(SIG_BLOCK, NULL, &blocked);
  unsigned descriptors = count_descriptors();
  for (unsigned room = 0; room < 64; room++) {
    few = (struct rlimit){descriptors + room, limit.rlim_max};
    int kept = silence();
    setrlimit(RLIMIT_NOFILE, &few);
    int result = nomem__session_open(&session, &options, false);
    if (result == 0) nomem__session_close(&session);
    setrlimit(RLIMIT_NOFILE, &limit);
    speak_again(kept);
    opened += result == 0;
    refused += result != 0;
    expect_nothing_left(descriptors, &blocked);
  }
  assert_true(opened > 0 && refused > 0);
}

/* The calls that may fail while a session opens; the one with this number does. */
static unsigned failing_call, calls;
static bool is_in_libuv; /* whose own calls do not count */

static bool fails(void) {
  return !is_in_libuv && ++calls == failing_call;
}

/* The real function of this name, behind the one that is defined here. */
#define REAL(name) ((__typeof__(&(name)))(uintptr_t)dlsym(RTLD_NEXT, #name))

int signalfd(int fd, const sigset_t *mask, int flags) {
  if (!fails()) return REAL(signalfd)(fd, mask, flags);
  errno = EMFILE;
  return -1;
}

int uv_loop_init(uv_loop_t *loop) {
  if (fails()) return UV_EMFILE;
  is_in_libuv = true;
  int result = REAL(uv_loop_init)(loop);
  is_in_libuv = false;
  return result;
}

int uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd) {
  return fails() ? UV_ENOMEM : REAL(uv_poll_init)(loop, handle, fd);
}

int uv_signal_init(uv_loop_t *loop, uv_signal_t *handle) {
  return fails() ? UV_ENOMEM : REAL(uv_signal_init)(loop, handle);
}

int uv_signal_start(uv_signal_t *handle, uv_signal_cb callback, int number) {
  return fails() ? UV_ENOMEM : REAL(uv_signal_start)(handle, callback, number);
}

/* Whichever part of it is the one that cannot be had. */
static void failing_parts(void **state) {
  (void)state;
  sigset_t blocked;
  sigprocmask(SIG_BLOCK, NULL, &blocked);
  unsigned descriptors = count_descriptors();
  int result = -1;
  for (failing_call = 1; result != 0 && failing_call < 200; failing_call++) {
    calls = 0;
    result = open_quietly();
    if (result == 0) nomem__session_close(&session);
    expect_nothing_left(descriptors, &blocked);
  }
  assert_int_equal(result, 0);
  assert_true(failing_call > 5);
  failing_call = 0;
}

static void note_interrupt(void *user) {
  *(bool *)user = true;
}

static void pass(uv_idle_t *idle) {
  (void)idle;
}

/* Which signal interrupts an open session to which this one is sent; 0: none does. -1: it could not be opened. */
static int interrupt_by(int number) {
  bool was_interrupted = false;
  uv_idle_t idle;
  if (open_quietly() != 0) return -1;
  session.on_interrupt = note_interrupt;
  session.user = &was_interrupted;
  uv_idle_init(&session.loop, &idle); /* or the loop would have nothing to wait for */
  uv_idle_start(&idle, pass);
  raise(number);
  uv_run(&session.loop, UV_RUN_NOWAIT);
  uv_close((uv_handle_t *)&idle, NULL);
  int interrupted_by = session.interrupted_by;
  nomem__session_close(&session);
  return was_interrupted ? interrupted_by : 0;
}

/* The signals that end a process which does not expect them, other than those that a fault of its own raises. */
static void signals(void **state) {
  (void)state;
  static const int numbers[] = {SIGHUP,    SIGINT,    SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM,
                                SIGSTKFLT, SIGVTALRM, SIGPROF, SIGIO,   SIGPWR,  SIGXCPU};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) assert_int_equal(interrupt_by(numbers[i]), numbers[i]);
  assert_int_equal(interrupt_by(SIGRTMIN), SIGRTMIN);
  assert_int_equal(interrupt_by(SIGRTMAX), SIGRTMAX);
}

/* What says that a pipe is broken, or a file too large, is seen where it is written; and what nobody minded before,
 * nobody minds now: nohup. */
static void ignored_signals(void **state) {
  (void)state;
  assert_int_equal(interrupt_by(SIGPIPE), 0);
  assert_int_equal(interrupt_by(SIGXFSZ), 0);
  signal(SIGHUP, SIG_IGN);
  assert_int_equal(interrupt_by(SIGHUP), 0);
  signal(SIGHUP, SIG_DFL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(few_descriptors), cmocka_unit_test(failing_parts),
                                     cmocka_unit_test(signals), cmocka_unit_test(ignored_signals)};
  return cmocka_run_group_tests_name("session", tests, set_up, tear_down);
}
