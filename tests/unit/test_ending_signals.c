/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/run/ending_signals.h"

static uv_signal_t watcher;

static void handle(uv_signal_t *handle, int number) {
  *(int *)handle->data = number;
}

/* Each runs in a process of its own. Returns how that ended. */
static int status_of(void (*function)(void)) {
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) {
    function();
    _exit(0);
  }
  assert_true(pid > 0);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return status;
}

static void expect(bool is_so) {
  if (!is_so) _exit(1);
}

static void note_one(void) {
  nomem__ending_signals_note();
  expect(nomem__ending_signals_take() == 0);
  raise(SIGTERM);
  expect(nomem__ending_signals_take() == SIGTERM);
  expect(nomem__ending_signals_take() == 0);
  expect(alarm(0) == 0);
  raise(SIGUSR1);
  expect(nomem__ending_signals_take() == SIGUSR1);
}

static void note_two(void) {
  nomem__ending_signals_note();
  raise(SIGTERM);
  raise(SIGINT);
}

static void wait_too_long(void) {
  nomem__ending_signals_note();
  raise(SIGTERM);
  expect(alarm(1) > 0);
  pause();
}

static void ignore(void) {
  signal(SIGHUP, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  expect(nomem__ending_signal_is_ignored(SIGHUP) && !nomem__ending_signal_is_ignored(SIGINT));
  nomem__ending_signals_note();
  raise(SIGHUP);
  expect(nomem__ending_signals_take() == 0);
  raise(SIGINT);
  expect(nomem__ending_signals_take() == SIGINT);
}

/* One that comes while the loop's watcher is closed ends nothing. */
static void unwatch(void) {
  uv_loop_t loop;
  sigset_t term;
  int seen = 0;
  uv_loop_init(&loop);
  uv_signal_init(&loop, &watcher);
  watcher.data = &seen;
  uv_signal_start(&watcher, handle, SIGTERM);
  raise(SIGTERM);
  uv_run(&loop, UV_RUN_NOWAIT);
  expect(seen == SIGTERM && nomem__ending_signals_take() == 0);
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, NULL);
  raise(SIGTERM);
  nomem__ending_signals_unwatch(&watcher, 1);
  expect(nomem__ending_signals_take() == 0); /* what was blocked stays so */
  sigprocmask(SIG_UNBLOCK, &term, NULL);
  expect(nomem__ending_signals_take() == SIGTERM);
  uv_run(&loop, UV_RUN_DEFAULT);
  expect(uv_loop_close(&loop) == 0);
}

static void noted(void **state) {
  (void)state;
  assert_int_equal(status_of(note_one), 0);
}

static void second_ends(void **state) {
  (void)state;
  int status = status_of(note_two);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

static void patience_ends(void **state) {
  (void)state;
  int status = status_of(wait_too_long);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
}

static void ignored(void **state) {
  (void)state;
  assert_int_equal(status_of(ignore), 0);
}

static void unwatched(void **state) {
  (void)state;
  assert_int_equal(status_of(unwatch), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(noted),   cmocka_unit_test(second_ends), cmocka_unit_test(patience_ends),
      cmocka_unit_test(ignored), cmocka_unit_test(unwatched),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
