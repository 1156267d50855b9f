/* SPDX-License-Identifier: MIT */
/* Threads that allocate at once, a queue that grows under a lock, and a worker that trusts its memory. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#define THREADS 4
#define ROUNDS 5
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long *queue;
static size_t used, room;
static __attribute__((noinline)) void planted(long number) {
  char *copy = strdup("a job"); /* fault */
  copy[0] = (char)number;       /* blow-up */
  free(copy);
}
static int push(long number) {
  int result = 0;
  pthread_mutex_lock(&lock);
  if (used == room) {
    long *grown = realloc(queue, (room + 8) * sizeof *queue);
    if (grown == NULL)
      result = -1;
    else
      queue = grown, room += 8;
  }
  if (result == 0) queue[used++] = number;
  pthread_mutex_unlock(&lock);
  return result;
}
static void *work(void *first) {
  for (long i = 0; i < ROUNDS; i++) {
    void *block = malloc(30);
    if (block == NULL) return first;
    free(block);
    if (push((long)first + i) != 0) return first;
    if (i % 5 == 4) planted(i);
  }
  return NULL;
}
int main(void) {
  pthread_t threads[THREADS];
  int failed = 0;
  for (long i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, work, (void *)(i * 100 + 1)) != 0) return 1;
  for (long i = 0; i < THREADS; i++) {
    void *result;
    pthread_join(threads[i], &result);
    failed |= result != NULL;
  }
  free(queue);
  return failed;
}
