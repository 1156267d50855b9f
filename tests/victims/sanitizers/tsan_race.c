/* SPDX-License-Identifier: MIT */
/* ThreadSanitizer: data race. Failures are counted without the lock that protects all other counts. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int count;
static atomic_bool has_counted, may_end;

static void *other_thread(void *argument) {
  pthread_mutex_lock(&lock);
  count++;
  pthread_mutex_unlock(&lock);
  atomic_store_explicit(&has_counted, 1, memory_order_relaxed);
  while (!atomic_load_explicit(&may_end, memory_order_relaxed)) continue;
  return argument;
}

static __attribute__((noinline)) void *planted(void) {
  void *block = malloc(10); /* fault */
  if (block != NULL) return block;
#ifdef MENDED
  pthread_mutex_lock(&lock);
#endif
  count++; /* blow-up */
#ifdef MENDED
  pthread_mutex_unlock(&lock);
#endif
  return NULL;
}

int main(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, other_thread, NULL) != 0) return 1;
  while (!atomic_load_explicit(&has_counted, memory_order_relaxed)) continue;
  void *block = planted();
  atomic_store_explicit(&may_end, 1, memory_order_relaxed);
  pthread_join(thread, NULL);
  free(block);
  return 0;
}
