/* SPDX-License-Identifier: MIT */
/* How much of the processors the threads of a run had: of this test and its children. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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
  const struct CMUnitTest tests[] = {cmocka_unit_test(works), cmocka_unit_test(gone), cmocka_unit_test(descendants)};
  return cmocka_run_group_tests_name("processor use", tests, NULL, NULL);
}
