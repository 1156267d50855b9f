/* SPDX-License-Identifier: MIT */
#include "common/step_threads.h"

#include <pthread.h>
#include <semaphore.h>

static void (*run_step)(struct fuzz_step step, unsigned thread);

static struct helper {
  unsigned number;
  sem_t asked, done;
  struct fuzz_step step;
} helpers[STEP_THREADS];

static void *help(void *argument) {
  struct helper *self = argument;
  for (;;) {
    while (sem_wait(&self->asked) != 0) continue;
    run_step(self->step, self->number);
    sem_post(&self->done);
  }
  return NULL;
}

void step_threads_start(void (*run)(struct fuzz_step step, unsigned thread)) {
  run_step = run;
  for (unsigned i = 0; i < STEP_THREADS; i++) {
    pthread_t thread;
    helpers[i].number = i + 1;
    CHECK(sem_init(&helpers[i].asked, 0, 0) == 0 && sem_init(&helpers[i].done, 0, 0) == 0, "no semaphore");
    CHECK(pthread_create(&thread, NULL, help, &helpers[i]) == 0, "cannot start a thread");
    pthread_detach(thread);
  }
}

void step_threads_run(struct fuzz_step step, unsigned thread) {
  struct helper *helper = &helpers[thread - 1];
  helper->step = step;
  sem_post(&helper->asked);
  while (sem_wait(&helper->done) != 0) continue;
}
