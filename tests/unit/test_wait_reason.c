/* SPDX-License-Identifier: MIT */
/* What a thread of a run that hangs is said to wait for, and which thread is shown. */
#define _GNU_SOURCE
#include "fixtures/recorded_run.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include "../../faults/explore/judge/wait_reason.h"

#define LIBC "/lib/libc.so.6"
#define APP "/w/build/app"

const struct recorded_function recorded_functions[] = {
    {.name = "syscall", .module = LIBC},
    {.name = "malloc", .module = LIBC},
    {.name = "__lll_lock_wait_private", .module = LIBC},
    {.name = "__pthread_mutex_lock_full", .module = LIBC},
    {.name = "pthread_mutex_lock", .module = LIBC},
    {.name = "pthread_cond_wait", .module = LIBC},
    {.name = "__pthread_clockjoin_ex", .module = LIBC},
    {.name = "pthread_barrier_wait", .module = LIBC},
    {.name = "pthread_rwlock_rdlock", .module = LIBC},
    {.name = "__pthread_once_slow", .module = LIBC},
    {.name = "sem_wait", .module = LIBC},
    {.name = "use", .module = APP},
    {0},
};

static struct nomem__thread threads[NOMEM_SAMPLED_THREADS]; /* of the run */
static struct nomem__waiter waiters[NOMEM_SAMPLED_THREADS];

/* A thread that waits in a futex, called by these functions. */
static struct nomem__thread waiting_below(pid_t pid, pid_t tid, const char *const *stack) {
  struct nomem__thread thread = {.pid = pid, .tid = tid, .state = 'S', .age_ms = 1000, .call = SYS_futex};
  thread.stack = recorded_stack(stack);
  thread.has_words = true;
  return thread;
}

static struct nomem__thread waiting(pid_t pid, pid_t tid, const char *function) {
  return waiting_below(pid, tid, STACK("syscall", function, "use"));
}

static struct nomem__thread locked(pid_t pid, pid_t tid, pid_t owner) {
  struct nomem__thread thread = waiting(pid, tid, "pthread_mutex_lock");
  thread.word[0] = 2;
  thread.word[2] = (uint32_t)owner;
  return thread;
}

/* A thread that waits in this system call. */
static struct nomem__thread calling(long call, uint64_t argument) {
  return (struct nomem__thread){.pid = 10, .tid = 10, .state = 'S', .call = call, .argument = {argument}};
}

static const char *what(const struct nomem__end *end, size_t index) {
  nomem__wait_reason_describe(end, NULL, waiters);
  return waiters[index].what;
}

static struct nomem__end end_of(const struct nomem__thread *list, size_t count) {
  memcpy(threads, list, count * sizeof *list);
  return (struct nomem__end){.threads = {.list = threads, .count = count}, .root = threads[0].pid};
}

static const char *what_one(struct nomem__thread thread) {
  struct nomem__end end = end_of(&thread, 1);
  return what(&end, 0);
}

/* Whose lock it is: its own, another's, that of one that has ended or is not known. */
static void locks(void **state) {
  (void)state;
  const struct nomem__thread list[] = {locked(10, 10, 10),
                                       locked(10, 11, 10),
                                       locked(10, 12, 99),
                                       locked(10, 13, 14),
                                       {.pid = 10, .tid = 14, .state = 'Z', .call = -1},
                                       locked(10, 15, 0)};
  struct nomem__end end = end_of(list, 6);
  assert_string_equal(what(&end, 0), "waits for a lock that it holds itself");
  assert_string_equal(what(&end, 1), "waits for a lock that thread 1 holds");
  assert_string_equal(what(&end, 2), "waits for a lock that a thread held to its end");
  assert_string_equal(what(&end, 3), "waits for a lock that a thread held to its end");
  assert_string_equal(what(&end, 5), "waits for a lock");
  end.threads.left_out = 1;
  assert_string_equal(what(&end, 2), "waits for a lock that another thread holds");
  assert_string_equal(what(&end, 3), "waits for a lock that a thread held to its end"); /* that one is known */
  threads[0].has_words = false;
  assert_string_equal(what(&end, 0), "waits for a lock");
}

/* A mutex with priority inheritance has its owner in the first word; bits beside the number are no part of it. */
static void priority_inheritance(void **state) {
  static const int operations[] = {FUTEX_LOCK_PI, FUTEX_LOCK_PI2};
  const struct nomem__thread list[] = {locked(10, 10, 0), calling(SYS_pause, 0)};
  struct nomem__end end = end_of(list, 2);
  (void)state;
  threads[1].tid = 11;
  threads[0].word[0] = 11 | FUTEX_WAITERS;
  for (size_t i = 0; i < 2; i++) {
    threads[0].argument[1] = (uint64_t)operations[i] | FUTEX_PRIVATE_FLAG;
    assert_string_equal(what(&end, 0), "waits for a lock that thread 2 holds");
  }
  threads[0].argument[1] = FUTEX_WAIT | FUTEX_PRIVATE_FLAG;
  assert_string_equal(what(&end, 0), "waits for a lock");
}

/* What was forked on its way is known to its C library by the number of who forked it. */
static void a_forked_thread_keeps_its_number(void **state) {
  (void)state;
  const struct nomem__thread list[] = {locked(20, 20, 7)};
  struct nomem__end end = end_of(list, 1);
  assert_string_equal(what(&end, 0), "waits for a lock that a thread held to its end");
  end.forked_from = 7;
  assert_string_equal(what(&end, 0), "waits for a lock that it holds itself");
}

/* By the number of the thread in the word that is waited on; without it, or by its own number, it is not known which.
 */
static void joins(void **state) {
  (void)state;
  const struct nomem__thread list[] = {calling(SYS_pause, 0), waiting(10, 11, "__pthread_clockjoin_ex")};
  struct nomem__end end = end_of(list, 2);
  threads[1].word[0] = 10;
  assert_string_equal(what(&end, 1), "waits for thread 1 to end");
  threads[1].word[0] = 11;
  assert_string_equal(what(&end, 1), "waits for another thread to end");
  threads[1].word[0] = 0; /* it ends just now: nobody's number, and not that of the process that was forked */
  assert_string_equal(what(&end, 1), "waits for another thread to end");
  threads[1].word[0] = 10;
  threads[1].has_words = false;
  assert_string_equal(what(&end, 1), "waits for another thread to end");
}

/* The innermost function of the C library's that waits says what for, but only as far as its own frames go. */
static void functions_that_wait(void **state) {
  (void)state;
  assert_string_equal(what_one(waiting(10, 10, "__lll_lock_wait_private")), "waits for a lock inside the C library");
  assert_string_equal(what_one(waiting(10, 10, "__pthread_mutex_lock_full")), "waits for a lock");
  assert_string_equal(what_one(waiting(10, 10, "pthread_cond_wait")), "waits for a condition to be signalled");
  assert_string_equal(what_one(waiting(10, 10, "pthread_barrier_wait")), "waits at a barrier");
  assert_string_equal(what_one(waiting(10, 10, "pthread_rwlock_rdlock")), "waits for a read-write lock");
  assert_string_equal(what_one(waiting(10, 10, "__pthread_once_slow")),
                      "waits for an initialisation that has been begun (pthread_once)");
  assert_string_equal(what_one(waiting(10, 10, "sem_wait")), "waits for a semaphore");
  assert_string_equal(what_one(waiting(10, 10, "malloc")), "waits in futex");
  assert_string_equal(what_one(waiting_below(10, 10, STACK("syscall", "use", "pthread_mutex_lock"))), "waits in futex");
  assert_string_equal(what_one(waiting_below(10, 10, STACK("syscall", "pthread_cond_wait", "pthread_mutex_lock"))),
                      "waits for a condition to be signalled");
  struct nomem__thread reading = waiting(10, 10, "sem_wait");
  reading.call = SYS_read;
  assert_string_equal(what_one(reading), "waits in read, of descriptor 0");
}

/* System calls; of those that have one the descriptor is named. */
static void system_calls(void **state) {
  static const long with_descriptor[] = {SYS_read,    SYS_readv,   SYS_write,    SYS_writev,  SYS_accept,
                                         SYS_accept4, SYS_connect, SYS_recvfrom, SYS_recvmsg, SYS_sendto,
                                         SYS_sendmsg, SYS_flock,   SYS_fcntl,    SYS_fsync};
  static const long without[] = {SYS_wait4,  SYS_waitid,     SYS_nanosleep,   SYS_pause,  SYS_poll,  SYS_ppoll,
                                 SYS_select, SYS_epoll_wait, SYS_epoll_pwait, SYS_msgrcv, SYS_semop, SYS_openat};
  (void)state;
  for (size_t i = 0; i < sizeof with_descriptor / sizeof *with_descriptor; i++)
    assert_non_null(strstr(what_one(calling(with_descriptor[i], 5)), ", of descriptor 5"));
  for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
    const char *text = what_one(calling(without[i], 5));
    assert_null(strstr(text, "descriptor"));
    assert_null(strstr(text, "system call"));
  }
  assert_string_equal(what_one(calling(SYS_read, 5)), "waits in read, of descriptor 5");
  assert_string_equal(what_one(calling(SYS_wait4, 0)), "waits for a child process to end");
  assert_string_equal(what_one(calling(9999, 0)), "waits in system call 9999");
  assert_string_equal(what_one(calling(-1, 0)), "waits");
}

/* A thread that runs, or that used the processor for half of its life, is busy; one that is stopped or over is not. */
static void threads_that_do_not_wait(void **state) {
  struct nomem__thread thread = {.pid = 10, .tid = 10, .state = 'R', .call = -1, .age_ms = 1000, .cpu_ms = 10};
  (void)state;
  assert_string_equal(what_one(thread), "busy: it used the processor for 0.01 of 1.00 s");
  thread.state = 'S';
  assert_string_equal(what_one(thread), "waits");
  thread.cpu_ms = 500;
  assert_string_equal(what_one(thread), "busy: it used the processor for 0.50 of 1.00 s");
  thread.cpu_ms = 499;
  assert_string_equal(what_one(thread), "waits");
  thread.age_ms = thread.cpu_ms = 0; /* it has just begun */
  assert_string_equal(what_one(thread), "waits");
  thread.state = 'T';
  assert_string_equal(what_one(thread), "stopped by a signal");
  static const char over[] = {'Z', 'X', 0};
  for (size_t i = 0; i < sizeof over; i++) {
    thread.state = over[i];
    assert_string_equal(what_one(thread), "has ended");
  }
}

/* Threads are numbered through the run, and processes by the first of their threads. */
static void numbers_and_names(void **state) {
  struct nomem__thread list[] = {calling(SYS_pause, 0), calling(SYS_pause, 0), calling(SYS_pause, 0)};
  (void)state;
  list[1].pid = list[2].pid = 12;
  strcpy(list[1].name, "worker");
  struct nomem__end end = end_of(list, 3);
  nomem__wait_reason_describe(&end, NULL, waiters);
  assert_true(waiters[0].process == 1 && waiters[1].process == 2 && waiters[2].process == 2);
  assert_true(waiters[0].number == 1 && waiters[1].number == 2 && waiters[2].number == 3);
  assert_string_equal(waiters[0].name, "");
  assert_string_equal(waiters[1].name, "worker");
}

/* Shown is the main thread; but when that only waits for others, the first that waits for a lock. */
static void shown_thread(void **state) {
  (void)state;
  const struct nomem__thread list[] = {waiting(10, 10, "__pthread_clockjoin_ex"), waiting(10, 11, "pthread_cond_wait"),
                                       locked(10, 12, 10), locked(10, 13, 10)};
  struct nomem__end end = end_of(list, 4);
  assert_int_equal(nomem__wait_reason_describe(&end, NULL, waiters), 2);
  end.threads.main_thread = 1;
  assert_int_equal(nomem__wait_reason_describe(&end, NULL, waiters), 2);
  threads[2] = waiting(10, 12, "__lll_lock_wait_private");
  assert_int_equal(nomem__wait_reason_describe(&end, NULL, waiters), 2);
  threads[2] = waiting(10, 12, "pthread_rwlock_rdlock"); /* nobody knows who holds it */
  assert_int_equal(nomem__wait_reason_describe(&end, NULL, waiters), 3);
  end.threads.main_thread = 0;
  end.threads.count = 3;
  assert_int_equal(nomem__wait_reason_describe(&end, NULL, waiters), 0);
}

/* A main thread that is busy, or waits for a lock itself, is shown. */
static void shown_main_thread(void **state) {
  (void)state;
  const struct nomem__thread list[] = {locked(10, 10, 11), locked(10, 11, 10)};
  struct nomem__end end = end_of(list, 2);
  end.threads.main_thread = 1;
  assert_int_equal(nomem__wait_reason_describe(&end, NULL, waiters), 1);
  threads[1] = waiting(10, 11, "__lll_lock_wait_private");
  assert_int_equal(nomem__wait_reason_describe(&end, NULL, waiters), 1);
  threads[1] = calling(-1, 0);
  assert_int_equal(nomem__wait_reason_describe(&end, NULL, waiters), 0);
  threads[1].state = 'R';
  assert_int_equal(nomem__wait_reason_describe(&end, NULL, waiters), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(locks),
      cmocka_unit_test(priority_inheritance),
      cmocka_unit_test(a_forked_thread_keeps_its_number),
      cmocka_unit_test(joins),
      cmocka_unit_test(functions_that_wait),
      cmocka_unit_test(system_calls),
      cmocka_unit_test(threads_that_do_not_wait),
      cmocka_unit_test(numbers_and_names),
      cmocka_unit_test(shown_thread),
      cmocka_unit_test(shown_main_thread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
