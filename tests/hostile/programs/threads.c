/* SPDX-License-Identifier: MIT */
/* Threads that stay longer than main, hang, fork, end everything, or are not the C library's. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

static void *end_there(void *unused) {
  (void)unused;
  sleep_ms(5);
  exit(end_of_scene());
}

int outlives_main(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, end_there, NULL) != 0) return 1;
  syscall(SYS_exit, 0); /* pthread_exit would load a library first */
  return SCENE_BROKEN;
}

static void *work(void *unused) {
  for (volatile unsigned i = 0;; i++) continue;
  return unused;
}

int main_returns(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, work, NULL) != 0) return 1;
  return end_of_scene();
}

static void *fork_there(void *result) {
  int status = await(child(end_of_scene));
  *(int *)result = status == 0 ? 0 : 1;
  return NULL;
}

int thread_forks(void) {
  pthread_t thread;
  int result = SCENE_BROKEN;
  if (pthread_create(&thread, NULL, fork_there, &result) != 0) return 1;
  pthread_join(thread, NULL);
  return result;
}

/* The whole program, while main waits for it. */
int thread_exits(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, end_there, NULL) != 0) return 1;
  pthread_join(thread, NULL);
  return SCENE_BROKEN;
}

static pthread_barrier_t barrier;

static void *allocate_there(void *failed) {
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < 10; i++)
    if (!allocates()) *(volatile int *)failed = 1;
  return NULL;
}

int crowd(void) {
  enum { THREADS = 16 };
  pthread_t threads[THREADS];
  volatile int failed = 0;
  unsigned count = 0;
  pthread_barrier_init(&barrier, NULL, THREADS);
  while (count < THREADS && pthread_create(&threads[count], NULL, allocate_there, (void *)&failed) == 0) count++;
  if (count < THREADS) _exit(1); /* the others wait for ever */
  for (unsigned i = 0; i < count; i++) pthread_join(threads[i], NULL);
  return failed;
}

static void *wait_there(void *unused) {
  if (!allocates()) exit(1);
  for (;;) pause();
  return unused;
}

static void leave(int number) {
  (void)number;
  syscall(SYS_exit, 0);
}

/* A thread that is ended by another, whatever it is at. */
int thread_ended(void) {
  pthread_t thread;
  signal(SIGUSR1, leave);
  if (pthread_create(&thread, NULL, wait_there, NULL) != 0) return 1;
  sleep_ms(5);
  pthread_kill(thread, SIGUSR1);
  pthread_join(thread, NULL);
  return end_of_scene();
}

int detached(void) {
  pthread_t thread;
  for (int i = 0; i < 4; i++)
    if (pthread_create(&thread, NULL, wait_there, NULL) != 0 || pthread_detach(thread) != 0) return 1;
  sleep_ms(5);
  return end_of_scene();
}

/* Names of threads that hang: a report shows them. */
static void *hang_there(void *unused) {
  pthread_setname_np(pthread_self(), "\033[2J\n) R 1\xff");
  for (;;) pause();
  return unused;
}

int thread_names(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, hang_there, NULL) != 0) return 1;
  sleep_ms(5);
  if (allocates()) return 0;
  pthread_join(thread, NULL);
  return SCENE_BROKEN;
}

int hang_lock(void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  if (allocates()) return 0;
  pthread_mutex_lock(&lock);
  return SCENE_BROKEN;
}

int hang_busy(void) {
  if (allocates()) return 0;
  work(NULL);
  return SCENE_BROKEN;
}

/* No signal but one ends it. */
int hang_deaf(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  for (int number = 1; number <= 64; number++) signal(number, SIG_IGN);
  if (allocates()) return 0;
  for (;;) pause();
}

static int hang_in_child(void) {
  if (allocates()) return 0;
  setsid();
  for (;;) pause();
}

int hang_child(void) {
  return await(child(hang_in_child)) == 0 ? 0 : 1;
}

static char stack[65536];

static int sleep_there(void *unused) {
  (void)unused;
  for (;;) syscall(SYS_pause);
  return 0;
}

/* A thread that the C library does not know. */
int raw_thread(void) {
  int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  if (clone(sleep_there, stack + sizeof stack, flags, NULL) < 0) return NOT_HERE;
  return end_of_scene();
}

static void *go_elsewhere(void *failed) {
  if (unshare(CLONE_FS | CLONE_FILES) != 0 || chdir("/") != 0) return NULL;
  syscall(SYS_close_range, 0, ~0U, 0);
  *(int *)failed = end_of_scene();
  return NULL;
}

/* A thread with a working directory and descriptors of its own, all closed. */
int own_folder(void) {
  pthread_t thread;
  int result = NOT_HERE;
  if (pthread_create(&thread, NULL, go_elsewhere, &result) != 0) return 1;
  pthread_join(thread, NULL);
  return result;
}
