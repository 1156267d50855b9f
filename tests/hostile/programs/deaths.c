/* SPDX-License-Identifier: MIT */
/* Ways to die, and to stop; its own, its group's, its parent's: which stands between it and the command; the command's.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

int death_ill(void) {
  if (allocates()) return 0;
  __asm__ volatile("ud2");
  return SCENE_BROKEN;
}

int death_fpe(void) {
  volatile int zero = 0;
  return allocates() ? 0 : 7 / zero;
}

/* Beyond the end of a file. */
int death_bus(void) {
  if (allocates()) return 0;
  int fd = memfd_create("empty", MFD_CLOEXEC);
  volatile char *memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
  return *memory;
}

int death_sys(void) {
  if (allocates()) return 0;
  raise(SIGSYS);
  return SCENE_BROKEN;
}

int death_trap(void) {
  if (allocates()) return 0;
  __asm__ volatile("int3");
  return SCENE_BROKEN;
}

int death_quit(void) {
  if (allocates()) return 0;
  raise(SIGQUIT);
  return SCENE_BROKEN;
}

int death_pipe(void) {
  int ends[2];
  if (pipe(ends) != 0) return SCENE_BROKEN;
  close(ends[0]);
  if (allocates()) return 0;
  return write(ends[1], "", 1) == 1 ? SCENE_BROKEN : 1;
}

int crash_sent(void) {
  if (allocates()) return 0;
  kill(getpid(), SIGSEGV);
  return SCENE_BROKEN;
}

static void nothing(int number) {
  (void)number;
}

int abort_caught(void) {
  signal(SIGABRT, nothing);
  if (allocates()) return 0;
  abort();
}

int abort_ignored(void) {
  signal(SIGABRT, SIG_IGN);
  if (allocates()) return 0;
  abort();
}

int abort_blocked(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  if (allocates()) return 0;
  abort();
}

static sigjmp_buf place;

static void jump(int number) {
  (void)number;
  siglongjmp(place, 1);
}

int abort_jumps(void) {
  signal(SIGABRT, jump);
  if (allocates()) return 0;
  if (sigsetjmp(place, 1) == 0) abort();
  return 1;
}

static volatile sig_atomic_t traps;

static void count(int number) {
  (void)number;
  traps++;
}

int trap_handled(void) {
  signal(SIGTRAP, count);
  for (int i = 0; i < 3; i++) __asm__ volatile("int3");
  return traps == 3 ? end_of_scene() : SCENE_BROKEN;
}

/* Single steps of its own. */
int trap_flag(void) {
  signal(SIGTRAP, count);
  __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop; nop; pushfq; andq $~0x100, (%%rsp); popfq"
                   :
                   :
                   : "memory", "cc");
  return traps > 0 ? end_of_scene() : SCENE_BROKEN;
}

int stop_self(void) {
  if (allocates()) return 0;
  kill(getpid(), SIGSTOP);
  return 1;
}

int stop_always(void) {
  if (!allocates()) return 1;
  kill(getpid(), SIGSTOP);
  return 0;
}

static int continue_parent(void) {
  pid_t parent = getppid();
  for (int i = 0; i < 40 && getppid() == parent; i++) {
    sleep_ms(5);
    kill(parent, SIGCONT);
  }
  return 0;
}

int stopped_continued(void) {
  pid_t helper = child(continue_parent);
  if (helper < 0) return SCENE_BROKEN;
  kill(getpid(), SIGSTOP);
  int result = end_of_scene();
  kill(helper, SIGKILL);
  await(helper);
  return result;
}

int stop_group(void) {
  if (allocates()) return 0;
  kill(0, SIGSTOP);
  return 1;
}

int kill_group(void) {
  if (allocates()) return 0;
  kill(0, SIGKILL);
  return SCENE_BROKEN;
}

int term_group(void) {
  signal(SIGTERM, nothing);
  if (allocates()) return 0;
  kill(0, SIGTERM);
  return 1;
}

static int send_under_fault(pid_t pid, int number) {
  if (allocates()) return 0;
  kill(pid, number);
  sleep_long();
}

int kill_parent(void) {
  return send_under_fault(getppid(), SIGKILL);
}

int term_parent(void) {
  return send_under_fault(getppid(), SIGTERM);
}

int hup_parent(void) {
  return send_under_fault(getppid(), SIGHUP);
}

int kill_command(void) {
  return send_under_fault(grandparent(), SIGKILL);
}

int term_command(void) {
  return send_under_fault(grandparent(), SIGTERM);
}

int hup_command(void) {
  return send_under_fault(grandparent(), SIGHUP);
}

static int ready[2]; /* a pipe */
static pid_t stopped;

/* It runs before there is nobody to let it. */
static int continue_it(void) {
  if (write(ready[1], "", 1) != 1) return 1;
  sleep_ms(300);
  kill(stopped, SIGCONT);
  return 0;
}

static int stop_for_a_moment(pid_t pid) {
  char byte;
  stopped = pid;
  if (allocates()) return 0;
  if (pipe(ready) != 0) return 1;
  pid_t helper = child(continue_it);
  if (helper < 0 || read(ready[0], &byte, 1) != 1) return 1;
  kill(pid, SIGSTOP);
  await(helper);
  return 1;
}

int stop_parent(void) {
  return stop_for_a_moment(getppid());
}

int stop_command(void) {
  return stop_for_a_moment(grandparent());
}
