/* SPDX-License-Identifier: MIT */
/* Verdict hang: an error path leaves a lock held that another thread waits for, and somebody waits for that thread. */
#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *volatile kept;

static __attribute__((noinline)) int planted_make(void) {
  pthread_mutex_lock(&lock);
  void *block = malloc(100); /* fault */
#ifndef MENDED
  if (block == NULL) return 0;
#endif
  kept = block;
  free(kept);
  pthread_mutex_unlock(&lock);
  return 1;
}

static __attribute__((noinline)) void planted(void) {
  pthread_mutex_lock(&lock); /* blow-up */ /* says: still running, thread 2 waits for a lock that thread 1 holds */
  pthread_mutex_unlock(&lock);
}

static void *work(void *unused) {
  (void)unused;
  planted();
  return NULL;
}

int main(void) {
  pthread_t thread;
  planted_make();
  if (pthread_create(&thread, NULL, work, NULL) != 0) return 1;
  pthread_join(thread, NULL);
  return 0;
}
