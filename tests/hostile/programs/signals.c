/* SPDX-License-Identifier: MIT */
/* Signals blocked, ignored, handled, queued, and taken in odd places. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"

#define LAST_SIGNAL 64

static volatile sig_atomic_t came;

static void count(int number) {
  (void)number;
  came++;
}

static void handle(int number, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(number, &action, NULL);
}

int block_all(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  return end_of_scene();
}

int ignore_all(void) {
  for (int number = 1; number <= LAST_SIGNAL; number++) signal(number, SIG_IGN);
  return end_of_scene();
}

static void once(int number) {
  signal(number, SIG_DFL); /* what raised it is made again */
}

int handle_all(void) {
  for (int number = 1; number <= LAST_SIGNAL; number++) signal(number, once);
  raise(SIGUSR1);
  return end_of_scene();
}

/* Carelessly: for ever. */
int handler_returns(void) {
  handle(SIGSEGV, count, 0);
  return end_of_scene();
}

static volatile sig_atomic_t has_failed;

static void allocate_there(int number) {
  (void)number;
  if (!allocates()) has_failed = 1;
}

int handler_allocates(void) {
  handle(SIGUSR1, allocate_there, 0);
  raise(SIGUSR1);
  return has_failed ? 1 : end_of_scene();
}

/* 4 KiB beside what the kernel puts there. */
int small_signal_stack(void) {
  size_t bytes = (getauxval(AT_MINSIGSTKSZ) + 4096 + 4095) / 4096 * 4096;
  char *memory = mmap(NULL, bytes + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack_t stack = {.ss_sp = memory + 4096, .ss_size = bytes};
  if (memory == MAP_FAILED || mprotect(memory, 4096, PROT_NONE) != 0 || sigaltstack(&stack, NULL) != 0)
    return SCENE_BROKEN;
  handle(SIGUSR1, allocate_there, SA_ONSTACK);
  raise(SIGUSR1);
  return has_failed ? 1 : 0;
}

int timer_storm(void) {
  struct itimerval often = {{0, 500}, {0, 500}};
  handle(SIGALRM, count, 0);
  setitimer(ITIMER_REAL, &often, NULL);
  for (int i = 0; i < 20; i++) {
    if (!allocates()) return 1;
    sleep_ms(1);
  }
  return came > 0 ? 0 : SCENE_BROKEN;
}

/* Each sort of timer, by signals. */
int timer_signals(void) {
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 2};
  struct itimerspec soon = {{0, 300000}, {0, 300000}};
  struct itimerval often = {{0, 1000}, {0, 1000}};
  handle(SIGRTMIN + 2, count, SA_RESTART);
  handle(SIGVTALRM, count, SA_RESTART);
  handle(SIGPROF, count, SA_RESTART);
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return 1;
  timer_settime(timer, 0, &soon, NULL);
  setitimer(ITIMER_VIRTUAL, &often, NULL);
  setitimer(ITIMER_PROF, &often, NULL);
  while (came < 3) continue;
  int result = end_of_scene();
  timer_delete(timer);
  return result;
}

int alarm_ends(void) {
  if (allocates()) return 0;
  alarm(1);
  for (;;) pause();
}

int realtime_queue(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  for (int i = 0; i < 500; i++) sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i});
  if (!allocates()) return 1;
  struct timespec none = {0, 0};
  siginfo_t info;
  for (int i = 0; i < 500; i++)
    if (sigtimedwait(&set, &info, &none) < 0 || info.si_value.sival_int != i) return SCENE_BROKEN;
  return 0;
}

int realtime_death(void) {
  if (allocates()) return 0;
  raise(SIGRTMIN + 3);
  return SCENE_BROKEN;
}

int realtime_death_always(void) {
  if (!allocates()) return 1;
  raise(SIGRTMIN + 3);
  return SCENE_BROKEN;
}

int signal_descriptor(void) {
  sigset_t set;
  struct signalfd_siginfo info;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int fd = signalfd(-1, &set, SFD_CLOEXEC);
  raise(SIGUSR2);
  bool is_there = fd >= 0 && read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR2;
  close(fd);
  return is_there ? end_of_scene() : SCENE_BROKEN;
}

static sigjmp_buf place;

static void jump(int number) {
  (void)number;
  siglongjmp(place, 1);
}

int jump_out(void) {
  handle(SIGUSR1, jump, 0);
  for (volatile int i = 0; i < 3; i++) {
    if (sigsetjmp(place, 1) == 0) raise(SIGUSR1);
    if (!allocates()) return 1;
  }
  return 0;
}

/* Faults that a program means to have, and gets over. */
int probes_memory(void) {
  handle(SIGSEGV, jump, 0);
  for (volatile int i = 0; i < 10; i++)
    if (sigsetjmp(place, 1) == 0) *(volatile char *)NULL = 1;
  signal(SIGSEGV, SIG_DFL);
  return end_of_scene();
}

static int nothing(void) {
  return 0;
}

int children_ignored(void) {
  signal(SIGCHLD, SIG_IGN);
  for (int i = 0; i < 5; i++) child(nothing);
  if (wait(NULL) >= 0 || errno != ECHILD) return SCENE_BROKEN;
  return end_of_scene();
}
