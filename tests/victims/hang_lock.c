/* SPDX-License-Identifier: MIT */
/* Verdict hang: leaves a lock held when an allocation fails, and tries to take it again. */
#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *volatile kept;

static __attribute__((noinline)) int planted(void) {
  pthread_mutex_lock(&lock); /* blow-up */ /* says: still running, waits for a lock that it holds itself */
  void *block = malloc(100);               /* fault */
#ifndef MENDED
  if (block == NULL) return 0;
#endif
  kept = block;
  free(kept);
  pthread_mutex_unlock(&lock);
  return 1;
}

/* One site, whatever the compiler makes of the loop: a lock that the last round leaves locked is another finding. */
int main(void) {
  volatile int rounds = 2;
  for (int i = 0; i < rounds; i++) planted();
  return 0;
}
