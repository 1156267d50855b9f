/* SPDX-License-Identifier: MIT */
#include "patience.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "../text/memory.h"

#define PATIENCE_S 3
#define LEFT_ALONE_MAX 4

/* A thread that works. Freed by itself once it is left alone, else it waits for the next job. */
struct worker {
  pthread_cond_t changed;
  void (*work)(void *job);
  void (*discard)(void *job);
  void *job; /* NULL: there is none, or it is done */
  bool is_alone;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct worker *idle; /* NULL: none has been started, or the last one was left alone */
static unsigned left_alone;

static void *serve(void *argument) {
  struct worker *worker = argument;
  pthread_mutex_lock(&lock);
  while (!worker->is_alone) {
    if (worker->job == NULL) {
      pthread_cond_wait(&worker->changed, &lock);
      continue;
    }
    pthread_mutex_unlock(&lock);
    worker->work(worker->job);
    pthread_mutex_lock(&lock);
    if (worker->is_alone) worker->discard(worker->job);
    worker->job = NULL;
    pthread_cond_broadcast(&worker->changed);
  }
  left_alone--;
  pthread_mutex_unlock(&lock);
  pthread_cond_destroy(&worker->changed);
  free(worker);
  return NULL;
}

/* A child has none of its parent's threads but the one that forked, and that one waits for no job. */
static void forget_workers(void) {
  idle = NULL;
  left_alone = 0;
  pthread_mutex_init(&lock, NULL);
}

/* Signals are for the thread that has the event loop. */
static int start_thread(struct worker *worker) {
  sigset_t all, before;
  pthread_t thread;
  sigfillset(&all);
  int error = pthread_sigmask(SIG_SETMASK, &all, &before);
  if (error != 0) return error;
  error = pthread_create(&thread, NULL, serve, worker);
  if (error == 0) pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

static struct worker *start_worker(void) {
  static bool has_handler;
  if (!has_handler) has_handler = pthread_atfork(NULL, NULL, forget_workers) == 0;
  if (!has_handler) nomem__out_of_memory();
  struct worker *worker = nomem__calloc(1, sizeof *worker);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&worker->changed, &attributes);
  pthread_condattr_destroy(&attributes);
  if (start_thread(worker) == 0) return worker;
  pthread_cond_destroy(&worker->changed);
  free(worker);
  return NULL;
}

bool nomem__patience_call(void (*work)(void *job), void (*discard)(void *job), void *job) {
  struct timespec end;
  pthread_mutex_lock(&lock);
  bool may_start = left_alone < LEFT_ALONE_MAX;
  if (idle == NULL && may_start) idle = start_worker();
  struct worker *worker = idle;
  if (worker == NULL) {
    pthread_mutex_unlock(&lock);
    if (may_start) /* without a thread for it, it is better done without patience than not at all */
      work(job);
    else
      discard(job);
    return may_start;
  }
  worker->work = work;
  worker->discard = discard;
  worker->job = job;
  pthread_cond_broadcast(&worker->changed);
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += PATIENCE_S;
  int error = 0;
  while (worker->job != NULL && error != ETIMEDOUT) error = pthread_cond_timedwait(&worker->changed, &lock, &end);
  bool is_done = worker->job == NULL;
  if (!is_done) {
    worker->is_alone = true;
    idle = NULL;
    left_alone++;
  }
  pthread_mutex_unlock(&lock);
  return is_done;
}

bool nomem__patience_is_strained(void) {
  pthread_mutex_lock(&lock);
  bool is_strained = left_alone > 0;
  pthread_mutex_unlock(&lock);
  return is_strained;
}
