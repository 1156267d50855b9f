/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* SIGXCPU */
#include "ending_signals.h"

#include <signal.h>
#include <unistd.h>

#define PATIENCE_SECONDS 10

const int nomem__ending_signals[NOMEM_ENDING_SIGNALS] = {SIGINT,  SIGQUIT, SIGTERM, SIGHUP,
                                                         SIGUSR1, SIGUSR2, SIGALRM, SIGXCPU};

static volatile sig_atomic_t noted;

static void note(int number) {
  if (noted != 0) {
    signal(number, SIG_DFL);
    raise(number); /* delivered when this returns */
    return;
  }
  noted = number;
  alarm(PATIENCE_SECONDS);
}

bool nomem__ending_signal_is_ignored(int number) {
  struct sigaction action;
  return number != SIGINT && sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void nomem__ending_signals_note(void) {
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < NOMEM_ENDING_SIGNALS; i++)
    if (!nomem__ending_signal_is_ignored(nomem__ending_signals[i])) sigaction(nomem__ending_signals[i], &action, NULL);
}

void nomem__ending_signals_unwatch(uv_signal_t *handles, size_t count) {
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before); /* without a watcher they would end the command */
  for (size_t i = 0; i < count; i++) uv_close((uv_handle_t *)&handles[i], NULL);
  nomem__ending_signals_note();
  sigprocmask(SIG_SETMASK, &before, NULL);
}

int nomem__ending_signals_take(void) {
  int number = noted;
  if (number == 0) return 0;
  alarm(0);
  noted = 0;
  return number;
}
