/* SPDX-License-Identifier: MIT */
/* How much of the processors the threads of a run had: of this test and its children. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/process/processor_use.h"
#include "skip_because.h"

#define WORK_NS UINT64_C(30000000)

static uint64_t used_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void work(void) {
  uint64_t end = used_ns() + WORK_NS;
  while (used_ns() < end) continue;
}

/* What a thread does between two looks counts, however long that takes; what it did before does not. */
static void works(void **state) {
  (void)state;
  struct nomem__processor_use use = {0};
  pid_t tid = gettid();
  if (access("/proc/self/schedstat", R_OK) != 0) skip_because("this kernel does not tell");
  work();
  struct nomem__processor_step first = nomem__processor_use_step(&use, &tid, 1);
  work();
  struct nomem__processor_step second = nomem__processor_use_step(&use, &tid, 1);
  struct nomem__processor_step third = nomem__processor_use_step(&use, &tid, 1);
  assert_true(first.used_ns >= WORK_NS * 9 / 10); /* all of its life */
  assert_true(second.used_ns >= WORK_NS * 9 / 10);
  assert_true(third.used_ns < WORK_NS / 2);
}

/* What cannot be looked at has had nothing, and a thread that ends takes nothing back. */
static void gone(void **state) {
  (void)state;
  struct nomem__processor_use use = {.count = 1, .list = {{.tid = gettid(), .used_ns = UINT64_MAX}}};
  pid_t tids[] = {gettid(), 0};
  struct nomem__processor_step step = nomem__processor_use_step(&use, tids, 2);
  assert_true(step.used_ns == 0 && step.waited_ns == 0);
}

/* A child that has work to do, on a processor that another one keeps busy, and that gives way to everybody. */
static pid_t start_starved(pid_t *busy) {
  cpu_set_t one;
  const struct sched_param none = {0};
  size_t first = 0;
  sched_getaffinity(0, sizeof one, &one);
  while (!CPU_ISSET(first, &one)) first++;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  *busy = fork();
  pid_t starved = *busy != 0 ? fork() : 0;
  if (*busy != 0 && starved != 0) return starved;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sched_setaffinity(0, sizeof one, &one);
  if (*busy != 0) sched_setscheduler(0, SCHED_IDLE, &none);
  for (;;) continue;
}

/* A wait counts while it goes on: the kernel counts it only when it is over, and a step is shorter than many are. */
static void starved(void **state) {
  (void)state;
  struct nomem__processor_use use = {0};
  uint64_t waited_ns = 0;
  pid_t busy, tid = start_starved(&busy);
  const struct timespec begin = {.tv_nsec = 100000000}, step = {.tv_nsec = 5000000};
  if (access("/proc/self/schedstat", R_OK) != 0) skip_because("this kernel does not tell");
  nanosleep(&begin, NULL);
  nomem__processor_use_step(&use, &tid, 1);
  uint64_t began_ns = use.seen_ns, idle_ns = 0;
  for (int i = 0; i < 40; i++) {
    uint64_t before_ns = use.seen_ns;
    nanosleep(&step, NULL);
    struct nomem__processor_step seen = nomem__processor_use_step(&use, &tid, 1);
    uint64_t passed_ns = use.seen_ns - before_ns, rest_ns = seen.used_ns < passed_ns ? passed_ns - seen.used_ns : 0;
    idle_ns += rest_ns;
    waited_ns += seen.waited_ns < rest_ns ? seen.waited_ns : rest_ns; /* as the run clock does */
  }
  kill(tid, SIGKILL);
  kill(busy, SIGKILL);
  waitpid(tid, NULL, 0);
  waitpid(busy, NULL, 0);
  assert_true(use.seen_ns - began_ns >= 40 * UINT64_C(5000000));
  assert_true(waited_ns >= idle_ns * 9 / 10);
}

/* Who sleeps waits for no processor. */
static void asleep(void **state) {
  (void)state;
  struct nomem__processor_use use = {0};
  pid_t tid = fork();
  const struct timespec step = {.tv_nsec = 20000000};
  if (tid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  nanosleep(&step, NULL);
  nomem__processor_use_step(&use, &tid, 1);
  nanosleep(&step, NULL);
  struct nomem__processor_step seen = nomem__processor_use_step(&use, &tid, 1);
  kill(tid, SIGKILL);
  waitpid(tid, NULL, 0);
  assert_true(seen.used_ns < 5000000 && seen.waited_ns < 5000000);
}

static int pipe_of_thread[2];

static void *wait_there(void *number) {
  char byte;
  *(pid_t *)number = gettid();
  return read(pipe_of_thread[0], &byte, 1) == 0 ? NULL : number;
}

static bool is_listed(pid_t tid, const pid_t *tids, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (tids[i] == tid) return true;
  return false;
}

/* A process, its threads, its children and theirs are listed, each once. */
static void descendants(void **state) {
  (void)state;
  int ready[2];
  pid_t tids[NOMEM_USE_THREADS], grandchild = 0, thread_tid = 0;
  pthread_t thread;
  assert_int_equal(pipe(pipe_of_thread), 0);
  assert_int_equal(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    grandchild = fork();
    if (grandchild == 0) pause();
    if (write(ready[1], &grandchild, sizeof grandchild) > 0) pause();
    _exit(0);
  }
  assert_int_equal(read(ready[0], &grandchild, sizeof grandchild), sizeof grandchild);
  assert_int_equal(pthread_create(&thread, NULL, wait_there, &thread_tid), 0);
  while (__atomic_load_n(&thread_tid, __ATOMIC_ACQUIRE) == 0) usleep(1000);
  size_t count = nomem__list_descendants(getpid(), tids);
  bool are_all_there = is_listed(getpid(), tids, count) && is_listed(thread_tid, tids, count) &&
                       is_listed(child, tids, count) && is_listed(grandchild, tids, count);
  kill(grandchild, SIGKILL);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  close(pipe_of_thread[1]);
  pthread_join(thread, NULL);
  if (access("/proc/thread-self/children", R_OK) != 0) skip_because("this kernel does not tell");
  assert_true(are_all_there);
  assert_int_equal(count, 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(works), cmocka_unit_test(gone), cmocka_unit_test(starved),
                                     cmocka_unit_test(asleep), cmocka_unit_test(descendants)};
  return cmocka_run_group_tests_name("processor use", tests, NULL, NULL);
}
