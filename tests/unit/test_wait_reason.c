/* SPDX-License-Identifier: MIT */
/* What a thread of a run that hangs is said to wait for. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "../../faults/explore/judge/wait_reason.h"

static struct nomem__symbols *symbols;
static struct nomem__thread threads[NOMEM_SAMPLED_THREADS]; /* of the run */

/* A thread that waits in a futex, called from this function of the C library. */
static struct nomem__thread waiting(pid_t pid, pid_t tid, const char *function) {
  struct nomem__thread thread = {.pid = pid, .tid = tid, .state = 'S', .age_ms = 1000, .call = SYS_futex};
  Dl_info info;
  struct link_map *map = NULL;
  void *address = dlsym(RTLD_DEFAULT, function);
  assert_non_null(address);
  assert_int_not_equal(dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP), 0);
  thread.stack.depth = 1;
  thread.stack.frames[0] = (struct nomem__stack_frame){
      .module = map->l_name, .offset = (uint64_t)(uintptr_t)address - map->l_addr + 1, .is_return_address = true};
  thread.has_words = true;
  return thread;
}

static struct nomem__thread locked(pid_t pid, pid_t tid, pid_t owner) {
  struct nomem__thread thread = waiting(pid, tid, "pthread_mutex_lock");
  thread.word[0] = 2;
  thread.word[2] = (uint32_t)owner;
  return thread;
}

static const char *what(const struct nomem__end *end, size_t index) {
  static struct nomem__waiter list[NOMEM_SAMPLED_THREADS];
  nomem__wait_reason_describe(end, symbols, list);
  return list[index].what;
}

static struct nomem__end end_of(const struct nomem__thread *list, size_t count) {
  memcpy(threads, list, count * sizeof *list);
  return (struct nomem__end){.threads = {.list = threads, .count = count}, .root = threads[0].pid};
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
  assert_string_equal(what(&end, 4), "has ended");
  assert_string_equal(what(&end, 5), "waits for a lock");
  end.threads.left_out = 1;
  assert_string_equal(what(&end, 2), "waits for a lock that another thread holds");
  threads[5].has_words = false;
  assert_string_equal(what(&end, 5), "waits for a lock");
}

/* A mutex with priority inheritance has its owner in the first word; bits beside the number are no part of it. */
static void priority_inheritance(void **state) {
  (void)state;
  const struct nomem__thread list[] = {locked(10, 10, 0), {.pid = 10, .tid = 11, .state = 'S', .call = SYS_pause}};
  struct nomem__end end = end_of(list, 2);
  threads[0].argument[1] = FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG;
  threads[0].word[0] = 11 | FUTEX_WAITERS;
  assert_string_equal(what(&end, 0), "waits for a lock that thread 2 holds");
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

/* What is waited for other than a lock, and threads that do not wait. */
static void other_reasons(void **state) {
  (void)state;
  const struct nomem__thread list[] = {waiting(10, 10, "pthread_join"),
                                       waiting(10, 11, "pthread_cond_wait"),
                                       waiting(12, 12, "sem_wait"),
                                       waiting(12, 13, "malloc"),
                                       {.pid = 12, .tid = 14, .state = 'S', .call = SYS_read, .argument = {5}},
                                       {.pid = 12, .tid = 15, .state = 'S', .call = SYS_wait4},
                                       {.pid = 12, .tid = 16, .state = 'R', .call = -1, .age_ms = 1000, .cpu_ms = 990},
                                       {.pid = 12, .tid = 17, .state = 'T', .call = -1},
                                       {.pid = 12, .tid = 18, .state = 'D', .call = 9999}};
  struct nomem__end end = end_of(list, 9);
  threads[0].word[0] = 11;
  assert_string_equal(what(&end, 0), "waits for thread 2 to end");
  threads[0].word[0] = 10;
  assert_string_equal(what(&end, 0), "waits for another thread to end");
  assert_string_equal(what(&end, 1), "waits for a condition to be signalled");
  assert_string_equal(what(&end, 2), "waits for a semaphore");
  assert_string_equal(what(&end, 3), "waits in futex");
  assert_string_equal(what(&end, 4), "waits in read, of descriptor 5");
  assert_string_equal(what(&end, 5), "waits for a child process to end");
  assert_string_equal(what(&end, 6), "busy: it used the processor for 0.99 of 1.00 s");
  assert_string_equal(what(&end, 7), "stopped by a signal");
  assert_string_equal(what(&end, 8), "waits in system call 9999");
  struct nomem__waiter waiters[9];
  nomem__wait_reason_describe(&end, symbols, waiters);
  assert_int_equal(waiters[1].process, 1);
  assert_int_equal(waiters[8].process, 2);
  assert_int_equal(waiters[8].number, 9);
}

/* Shown is the main thread; but when that only waits for others, the first that waits for a lock. */
static void shown_thread(void **state) {
  (void)state;
  struct nomem__waiter waiters[3];
  const struct nomem__thread list[] = {waiting(10, 10, "pthread_join"), waiting(10, 11, "pthread_cond_wait"),
                                       locked(10, 12, 10)};
  struct nomem__end end = end_of(list, 3);
  assert_int_equal(nomem__wait_reason_describe(&end, symbols, waiters), 2);
  end.threads.main_thread = 1;
  assert_int_equal(nomem__wait_reason_describe(&end, symbols, waiters), 2);
  threads[1].state = 'R';
  assert_int_equal(nomem__wait_reason_describe(&end, symbols, waiters), 1);
  end.threads.main_thread = 0;
  end.threads.count = 2;
  assert_int_equal(nomem__wait_reason_describe(&end, symbols, waiters), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(locks), cmocka_unit_test(priority_inheritance),
                                     cmocka_unit_test(a_forked_thread_keeps_its_number),
                                     cmocka_unit_test(other_reasons), cmocka_unit_test(shown_thread)};
  symbols = nomem__symbols_open();
  int result = cmocka_run_group_tests_name("waits", tests, NULL, NULL);
  nomem__symbols_close(symbols);
  return result;
}
