/* SPDX-License-Identifier: MIT */
/* The injector knows its process and thread without asking the kernel, and agrees with the kernel wherever it is. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject/process_id.h"
#include "skip_because.h"

static bool agrees(void) {
  return nomem__process_id() == (int32_t)syscall(SYS_getpid) && nomem__thread_id() == (int32_t)syscall(SYS_gettid);
}

static int prepare(void **state) {
  (void)state;
  nomem__process_id_prepare();
  return 0;
}

static void *in_thread(void *agreed) {
  *(bool *)agreed = agrees();
  return NULL;
}

static bool agrees_in_thread(void) {
  pthread_t thread;
  bool agreed = false;
  if (pthread_create(&thread, NULL, in_thread, &agreed) != 0) return false;
  pthread_join(thread, NULL);
  return agreed;
}

static void main_thread_and_others(void **state) {
  (void)state;
  assert_true(agrees());
  assert_true(agrees_in_thread());
  assert_true(agrees());
}

static void check_child(pid_t child) {
  int status;
  assert_true(child > 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void child_of_fork(void **state) {
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    nomem__process_id_forked();
    _exit(agrees() && agrees_in_thread() && agrees() ? 0 : 1);
  }
  check_child(child);
  assert_true(agrees());
}

/* The C library does not notice, and goes on to take the child's thread for the parent's. */
static void child_of_a_bare_fork(void **state) {
  (void)state;
  pid_t child = (pid_t)syscall(SYS_fork);
  if (child == 0) {
    nomem__process_id_forked();
    _exit(agrees() ? 0 : 1);
  }
  check_child(child);
}

/* A snapshot keeps the number of its parent's thread; its own children are known to the C library again. */
static void snapshot_and_its_child(void **state) {
  (void)state;
  pid_t snapshot = (pid_t)syscall(SYS_fork);
  if (snapshot == 0) {
    nomem__process_id_served(false);
    if (!agrees()) _exit(1);
    pid_t child = fork();
    if (child == 0) {
      nomem__process_id_forked();
      _exit(agrees() ? 0 : 1);
    }
    int status;
    _exit(waitpid(child, &status, 0) == child && status == 0 && agrees() ? 0 : 2);
  }
  check_child(snapshot);
}

/* A scope that is begun anew, in whatever it is by now. */
static bool agrees_anew(void) {
  nomem__process_id_prepare();
  return agrees();
}

static void *in_thread_anew(void *agreed) {
  *(bool *)agreed = agrees_anew();
  return NULL;
}

static void prepared_again(void **state) {
  pthread_t thread;
  bool agreed = false;
  (void)state;
  assert_true(agrees_anew());
  assert_int_equal(pthread_create(&thread, NULL, in_thread_anew, &agreed), 0);
  pthread_join(thread, NULL);
  assert_true(agreed && agrees());
  pid_t child = fork();
  if (child == 0) _exit(agrees_anew() && agrees_in_thread() && agrees_anew() ? 0 : 1);
  check_child(child);
  child = (pid_t)syscall(SYS_fork);
  if (child == 0) _exit(agrees_anew() ? 0 : 1);
  check_child(child);
  assert_true(agrees_anew());
}

/* What a bare clone runs, on the memory and the thread's block of its maker: only system calls. */
static char clone_stack[65536] __attribute__((aligned(16)));
static _Atomic int clone_thread;
static bool clone_agreed;

static int in_clone(void *unused) {
  (void)unused;
  clone_agreed = agrees_anew();
  syscall(SYS_exit, clone_agreed ? 0 : 1);
  return 0;
}

/* The child has the number of another process, in the parent's memory; and afterwards the parent has its own again. */
static void child_that_shares_memory(void **state) {
  (void)state;
  check_child(clone(in_clone, clone_stack + sizeof clone_stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
  assert_true(clone_agreed);
  assert_true(agrees_anew());
}

/* The C library does not know the thread, and takes it for the one that made it. */
static void thread_that_shares_a_block(void **state) {
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                    CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  (void)state;
  clone_agreed = false;
  clone_thread = -1;
  assert_true(clone(in_clone, clone_stack + sizeof clone_stack, flags, NULL, &clone_thread, NULL, &clone_thread) > 0);
  while (clone_thread != 0) sched_yield(); /* the kernel clears it when the thread has ended */
  assert_true(clone_agreed);
  assert_true(agrees_anew());
}

/* From now on the process ends with SIGSYS where it asks for its number, or for where its thread's number is stored. */
static bool forbid_questions(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = {sizeof code / sizeof *code, code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/* The first thread asks for no more than its own number, once the process is known. */
static void a_known_process_is_not_asked_for(void **state) {
  enum { CANNOT_FORBID = 2 };
  int status;
  (void)state;
  nomem__process_id_prepare();
  pid_t child = fork();
  if (child == 0) {
    nomem__process_id_prepare();
    if (!forbid_questions()) _exit(CANNOT_FORBID);
    for (int i = 0; i < 3; i++) nomem__process_id_prepare();
    _exit(nomem__process_id() == (int32_t)syscall(SYS_gettid) ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_FORBID) skip_because("system calls cannot be forbidden here");
  assert_int_equal(status, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(main_thread_and_others),
      cmocka_unit_test(child_of_fork),
      cmocka_unit_test(child_of_a_bare_fork),
      cmocka_unit_test(snapshot_and_its_child),
      cmocka_unit_test(prepared_again),
      cmocka_unit_test(child_that_shares_memory),
      cmocka_unit_test(thread_that_shares_a_block),
      cmocka_unit_test(a_known_process_is_not_asked_for),
  };
  return cmocka_run_group_tests(tests, prepare, NULL);
}
